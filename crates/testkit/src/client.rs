//! Clients: one that signs as AWS's do, and one that sends any bytes.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use thingsmith_aws_model::{Service, ServiceModel};
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, Signer, sign};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Reply, TestClock, foreign_parts, seen};

/// A client that signs its requests.
#[derive(Clone)]
pub struct Client {
    /// Where the server is.
    pub address: SocketAddr,
    /// With whose key, for which region and service it signs.
    pub signer: Signer,
    pub(crate) clock: Arc<TestClock>,
}

impl Client {
    /// The same client in another region.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        region.clone_into(&mut self.signer.region);
        self
    }

    /// The same client of another service.
    #[must_use]
    pub fn service(mut self, service: &str) -> Self {
        service.clone_into(&mut self.signer.service);
        self
    }

    /// Sends a request without a body.
    pub async fn call(&self, method: &str, target: &str) -> Reply {
        self.send(method, target, &[], b"").await
    }

    /// Sends a request with a JSON body.
    pub async fn call_with(&self, method: &str, target: &str, body: Value) -> Reply {
        self.send(
            method,
            target,
            &[("content-type", "application/json")],
            body.to_string().as_bytes(),
        )
        .await
    }

    /// Sends a request.
    ///
    /// # Panics
    /// When a success of `iot` has what AWS's model does not know.
    pub async fn send(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        let reply = raw(self.address, &self.signed(method, target, headers, body)).await;
        if let Some(model) = models()
            .iter()
            .find(|model| model.metadata().signing_name() == self.signer.service)
        {
            let asked = seen::Asked { method, target, body };
            seen::note(model, &asked, &reply);
        }
        if self.signer.service == "iot" {
            let foreign = foreign_parts(iot(), method, target, &reply);
            assert!(foreign.is_empty(), "AWS's model does not know {foreign:?}");
        }
        reply
    }

    /// A signed request as bytes.
    ///
    /// # Panics
    /// When the request cannot be signed.
    pub fn signed(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
        let host = self.address.to_string();
        let mut headers: Vec<(&str, &str)> = headers.to_vec();
        headers.push(("host", &host));
        let named: Vec<(&str, &[u8])> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let request = Request {
            method,
            target: target.as_bytes(),
            headers: &named,
        };
        let added =
            sign(&self.signer, &request, PayloadHash::of(body), self.clock.now()).expect("it can be signed");
        let mut bytes = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
        let added = added.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in headers.iter().copied().chain(added) {
            bytes.extend(format!("{name}: {value}\r\n").bytes());
        }
        bytes.extend(format!("content-length: {}\r\nconnection: close\r\n\r\n", body.len()).bytes());
        bytes.extend(body);
        bytes
    }
}

/// AWS's models of all services, read once.
pub fn models() -> &'static [ServiceModel] {
    static MODELS: OnceLock<Vec<ServiceModel>> = OnceLock::new();
    MODELS.get_or_init(|| Service::ALL.map(Service::model).into())
}

/// AWS's model of a service.
///
/// # Panics
/// Never: there is one of every service.
pub fn model(of: Service) -> &'static ServiceModel {
    let place = Service::ALL.iter().position(|service| *service == of);
    &models()[place.expect("every service is one of all")]
}

/// AWS's model of `iot`.
pub fn iot() -> &'static ServiceModel {
    model(Service::Iot)
}

/// Sends bytes over a connection of their own and reads the first reply.
///
/// # Panics
/// When there is no reply.
pub async fn raw(address: SocketAddr, bytes: &[u8]) -> Reply {
    let stream = TcpStream::connect(address).await.expect("the server listens");
    let (mut reader, mut writer) = stream.into_split();
    let mut answer = Vec::new();
    // A server that refuses early does not read all of it.
    let send = async { writer.write_all(bytes).await };
    let receive = async { reader.read_to_end(&mut answer).await };
    let (_, _) = tokio::join!(send, receive);
    Reply::read(&answer).expect("the server replies")
}
