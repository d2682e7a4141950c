//! A client of the AWS API that signs its requests, as small as the demo needs it.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, HeaderName};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use thingsmith_core::access_keys::AccessKey;
use thingsmith_model::Region;
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, Signer, sign};
use tokio::net::TcpStream;

use crate::SystemClock;

/// A caller with a key.
pub(super) struct Aws {
    host: String,
    key: AccessKey,
    region: Region,
}

/// An answer that is an error: its exception and its status.
#[derive(Debug)]
pub(super) struct Exception {
    pub(super) status: u16,
    pub(super) name: String,
    pub(super) message: String,
}

impl Aws {
    pub(super) fn new(url: &str, key: &AccessKey, region: &Region) -> Result<Self> {
        let host = url
            .strip_prefix("http://")
            .context("the API's URL begins with http://")?
            .to_owned();
        Ok(Self {
            host,
            key: key.clone(),
            region: region.clone(),
        })
    }

    /// Calls the `iot` service and expects it to do what it is asked.
    pub(super) async fn call(&self, method: &str, target: &str, body: Option<Value>) -> Result<Value> {
        match self.try_call(method, target, &[], body).await? {
            Ok(answer) => Ok(answer),
            Err(Exception {
                status,
                name,
                message,
            }) => bail!("{method} {target}: {status} {name}: {message}"),
        }
    }

    /// Calls the `iot` service with further headers.
    pub(super) async fn try_call(
        &self,
        method: &str,
        target: &str,
        headers: &[(&'static str, &str)],
        body: Option<Value>,
    ) -> Result<std::result::Result<Value, Exception>> {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut all: Vec<(&str, &[u8])> = vec![("host", self.host.as_bytes())];
        all.extend(headers.iter().map(|(name, value)| (*name, value.as_bytes())));
        if !body.is_empty() {
            all.push(("content-type", b"application/json"));
        }
        let signature = self.sign(method, target, &all, &body)?;
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, &self.host);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        for (name, value) in signature {
            request = request.header(HeaderName::from_static(name), value);
        }
        let request = request
            .body(Full::new(Bytes::from(body)))
            .context("the request cannot be built")?;
        self.send(request).await
    }

    fn sign(
        &self,
        method: &str,
        target: &str,
        headers: &[(&str, &[u8])],
        body: &str,
    ) -> Result<Vec<(&'static str, String)>> {
        let signer = Signer {
            access_key_id: self.key.access_key_id.clone(),
            secret_access_key: self.key.secret.clone(),
            session_token: None,
            region: self.region.to_string(),
            service: "iot".into(),
        };
        let request = Request {
            method,
            target: target.as_bytes(),
            headers,
        };
        sign(
            &signer,
            &request,
            PayloadHash::of(body.as_bytes()),
            SystemClock.now(),
        )
        .context("the request cannot be signed")
    }

    async fn send(
        &self,
        request: hyper::Request<Full<Bytes>>,
    ) -> Result<std::result::Result<Value, Exception>> {
        let tcp = TcpStream::connect(&self.host)
            .await
            .context("the API cannot be reached")?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(tcp))
            .await
            .context("the API speaks no HTTP")?;
        let connection = tokio::spawn(connection);
        let answer = sender
            .send_request(request)
            .await
            .context("the API did not answer")?;
        let (head, body) = answer.into_parts();
        let body = body.collect().await.context("the answer ended early")?.to_bytes();
        drop(sender);
        connection
            .await
            .context("the connection's task failed")?
            .context("the connection failed")?;
        let body = if body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&body).context("no JSON")?
        };
        if head.status.is_success() {
            return Ok(Ok(body));
        }
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let name = head
            .headers
            .get("x-amzn-errortype")
            .and_then(|value| value.to_str().ok());
        let message = body.get("message").and_then(Value::as_str);
        Ok(Err(Exception {
            status: head.status.as_u16(),
            name: text(name),
            message: text(message),
        }))
    }
}
