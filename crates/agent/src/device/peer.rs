//! A server that does as it is told, to see what a device makes of it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::BytesMut;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};
use thingsmith_mqtt::{
    Codec, ConnAck, Grant, Limits, Message, Packet, PubAck, Publish, PublishQos, Qos, ReasonCode, SubAck,
    TopicName,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::{DeviceKey, Endpoint, Format};

/// What the server does, and what it was asked.
#[derive(Default)]
pub(super) struct Service {
    /// Connections that it refuses before it lets one in.
    pub(super) refusals: usize,
    /// Client ids that it never lets in.
    pub(super) strangers: HashSet<String>,
    /// RegisterThing: rejects so many times because it is busy.
    pub(super) busy: usize,
    /// CreateKeysAndCertificate: answers, and closes, so many times.
    pub(super) closes_after_creating: usize,
    /// RegisterThing: registers, and closes without an answer, so many times.
    pub(super) loses_answers: usize,
    /// Everybody who connected.
    pub(super) connected: Vec<String>,
    /// Certificates that it made.
    pub(super) created: usize,
    /// Tokens that were used.
    pub(super) used: HashSet<String>,
    /// Sends this to whoever subscribes, and closes.
    pub(super) says: Option<String>,
}

/// A server that runs.
pub(super) struct Peer {
    pub(super) endpoint: Endpoint,
    service: Arc<Mutex<Service>>,
}

impl Peer {
    pub(super) async fn start(service: Service) -> Self {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["localhost".to_owned()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config =
            ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], der)
                .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint {
            host: "127.0.0.1".into(),
            port: listener.local_addr().unwrap().port(),
            server_name: "localhost".into(),
            roots_pem: certificate.pem(),
            mqtt5: false,
        };
        let service = Arc::new(Mutex::new(service));
        let shared = Arc::clone(&service);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, service) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        let codec = Codec::new();
                        Conversation {
                            stream,
                            codec,
                            service,
                        }
                        .hold()
                        .await;
                    }
                });
            }
        });
        Self { endpoint, service }
    }

    pub(super) fn service(&self) -> MutexGuard<'_, Service> {
        self.service.lock().unwrap()
    }
}

struct Conversation {
    stream: TlsStream<TcpStream>,
    codec: Codec,
    service: Arc<Mutex<Service>>,
}

/// The end of a connection.
struct Closed;

impl Conversation {
    async fn hold(mut self) {
        let (mut input, limits) = (BytesMut::new(), Limits::default());
        loop {
            match self.codec.read(&mut input, &limits).unwrap() {
                Some(packet) => {
                    if self.answer(packet).await.is_err() {
                        return;
                    }
                }
                None => match self.stream.read_buf(&mut input).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => {}
                },
            }
        }
    }

    async fn answer(&mut self, packet: Packet) -> Result<(), Closed> {
        match packet {
            Packet::Connect(connect) => {
                {
                    let mut service = self.service.lock().unwrap();
                    if take_one(&mut service.refusals) || service.strangers.contains(&connect.client_id) {
                        return Err(Closed);
                    }
                    service.connected.push(connect.client_id.clone());
                }
                self.send(&Packet::ConnAck(ConnAck::new(false, ReasonCode::Success)))
                    .await
            }
            Packet::Subscribe(subscribe) => {
                let grants = vec![Grant::Granted(Qos::AtLeastOnce); subscribe.subscriptions.len()];
                self.send(&Packet::SubAck(SubAck {
                    packet_id: subscribe.packet_id,
                    grants,
                    problem: None,
                }))
                .await?;
                let says = self.service.lock().unwrap().says.clone();
                match says {
                    Some(text) => {
                        let topic = subscribe.subscriptions[0].filter.as_str().to_owned();
                        self.publish(&topic, text.as_bytes()).await?;
                        Err(Closed)
                    }
                    None => Ok(()),
                }
            }
            Packet::Publish(publish) => {
                if let PublishQos::AtLeastOnce(id) = publish.qos {
                    self.send(&Packet::PubAck(PubAck::success(id))).await?;
                }
                self.request(publish.message.topic.as_str(), &publish.message.payload)
                    .await
            }
            Packet::PingReq => self.send(&Packet::PingResp).await,
            Packet::Disconnect(_) => Err(Closed),
            _ => Ok(()),
        }
    }

    async fn request(&mut self, topic: &str, payload: &[u8]) -> Result<(), Closed> {
        let format = if topic.ends_with("cbor") {
            Format::Cbor
        } else {
            Format::Json
        };
        let request = format.read(payload).unwrap();
        let (outcome, answer, closes) = {
            let mut service = self.service.lock().unwrap();
            if topic.starts_with("$aws/certificates/create/") {
                service.created += 1;
                let closes = take_one(&mut service.closes_after_creating);
                ("accepted", created(service.created), closes)
            } else {
                let token = request["certificateOwnershipToken"].as_str().unwrap();
                if take_one(&mut service.busy) {
                    ("rejected", rejection(429, "Throttled"), false)
                } else if !service.used.insert(token.to_owned()) {
                    (
                        "rejected",
                        rejection(400, "InvalidCertificateOwnershipToken"),
                        false,
                    )
                } else if take_one(&mut service.loses_answers) {
                    return Err(Closed);
                } else {
                    let name = &request["parameters"]["SerialNumber"];
                    (
                        "accepted",
                        json!({"thingName": name, "deviceConfiguration": {"a": "b"}}),
                        false,
                    )
                }
            }
        };
        self.publish(&format!("{topic}/{outcome}"), &format.write(&answer))
            .await?;
        if closes { Err(Closed) } else { Ok(()) }
    }

    async fn publish(&mut self, topic: &str, payload: &[u8]) -> Result<(), Closed> {
        let message = Message {
            topic: TopicName::parse(topic, &Limits::default().topic).unwrap(),
            payload: payload.to_vec().into(),
            retain: false,
            properties: None,
        };
        self.send(&Packet::Publish(Publish {
            message,
            qos: PublishQos::AtMostOnce,
            duplicate: false,
            topic_alias: None,
        }))
        .await
    }

    async fn send(&mut self, packet: &Packet) -> Result<(), Closed> {
        let mut output = BytesMut::new();
        self.codec.write(packet, &mut output).unwrap();
        self.stream.write_all(&output).await.map_err(|_| Closed)?;
        self.stream.flush().await.map_err(|_| Closed)
    }
}

fn take_one(left: &mut usize) -> bool {
    let some = *left > 0;
    *left = left.saturating_sub(1);
    some
}

fn created(number: usize) -> Value {
    let key = DeviceKey::generate().unwrap();
    json!({
        "certificateId": format!("certificate-{number}"),
        "certificatePem": key.self_signed("device").unwrap(),
        "privateKey": key.to_pem().as_str(),
        "certificateOwnershipToken": format!("token-{number}"),
    })
}

fn rejection(status: u16, code: &str) -> Value {
    json!({"statusCode": status, "errorCode": code, "errorMessage": "no"})
}
