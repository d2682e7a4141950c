//! A device's connection: MQTT 3.1.1 over mutual TLS.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use thingsmith_mqtt::{
    Connect, Disconnect, Grant, Limits, Packet, PacketId, PubAck, Publish, PublishQos, Qos, ReasonCode,
    Subscribe, SubscribeProperties, Subscription, SubscriptionOptions, TopicFilter, TopicName, v3,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::{AgentError, Identity};

/// Where and as whom to connect.
pub struct Options<'a> {
    /// The address or name to reach.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The name sent by SNI and checked in the server's certificate.
    pub server_name: &'a str,
    /// The roots that the device trusts, as PEM.
    pub roots_pem: &'a str,
    /// Its certificate and key.
    pub identity: &'a Identity,
    /// Its client id.
    pub client_id: &'a str,
    /// How long to wait for each answer of the server.
    pub patience: Duration,
}

/// A message received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its topic.
    pub topic: String,
    /// Its content.
    pub payload: Bytes,
}

/// A connection. Dropping it closes it without a word, as a device that loses power does.
pub struct Client {
    stream: TlsStream<TcpStream>,
    input: BytesMut,
    limits: Limits,
    patience: Duration,
    next_id: PacketId,
    received: VecDeque<Message>,
}

impl Client {
    /// Connects with a clean session.
    ///
    /// # Errors
    /// See [`AgentError`]; a server that refuses most often only closes the connection.
    pub async fn connect(options: &Options<'_>) -> Result<Self, AgentError> {
        let connecting = async {
            let stream = shake_hands(options).await?;
            let mut client = Self {
                stream,
                input: BytesMut::new(),
                limits: Limits::default(),
                patience: options.patience,
                next_id: PacketId::MIN,
                received: VecDeque::new(),
            };
            client.introduce(options.client_id).await?;
            Ok(client)
        };
        timeout(options.patience, connecting)
            .await
            .map_err(|_| AgentError::TimedOut)?
    }

    async fn introduce(&mut self, client_id: &str) -> Result<(), AgentError> {
        self.send(&Packet::Connect(Box::new(Connect {
            client_id: client_id.to_owned(),
            clean_session: true,
            keep_alive_seconds: 60,
            ..Connect::default()
        })))
        .await?;
        match self.read().await? {
            Packet::ConnAck(answer) if answer.code == ReasonCode::Success => Ok(()),
            Packet::ConnAck(answer) => Err(AgentError::Refused(answer.code)),
            _ => Err(AgentError::Unexpected),
        }
    }

    /// Publishes with QoS 1 and waits until the server has the message.
    ///
    /// # Errors
    /// [`AgentError::Closed`] when the server does not allow it; see [`AgentError`].
    pub async fn publish(&mut self, topic: &str, payload: impl Into<Bytes>) -> Result<(), AgentError> {
        let id = self.take_id();
        let message = thingsmith_mqtt::Message {
            topic: TopicName::parse(topic, &self.limits.topic)?,
            payload: payload.into(),
            retain: false,
            properties: None,
        };
        self.send(&Packet::Publish(Publish {
            message,
            qos: PublishQos::AtLeastOnce(id),
            duplicate: false,
            topic_alias: None,
        }))
        .await?;
        self.wait_for(|packet| matches!(packet, Packet::PubAck(answer) if answer.packet_id == id))
            .await
            .map(drop)
    }

    /// Subscribes with QoS 1.
    ///
    /// # Errors
    /// [`AgentError::SubscriptionRefused`] when the server does not allow it; see [`AgentError`].
    pub async fn subscribe(&mut self, filter: &str) -> Result<(), AgentError> {
        let packet_id = self.take_id();
        let subscriptions = vec![Subscription {
            filter: TopicFilter::parse(filter, &self.limits.topic)?,
            qos: Qos::AtLeastOnce,
            options: SubscriptionOptions::default(),
        }];
        self.send(&Packet::Subscribe(Subscribe {
            packet_id,
            subscriptions,
            properties: SubscribeProperties::default(),
        }))
        .await?;
        let answer = self
            .wait_for(|packet| matches!(packet, Packet::SubAck(answer) if answer.packet_id == packet_id))
            .await?;
        match answer {
            Packet::SubAck(answer) if matches!(answer.grants[..], [Grant::Refused(_), ..]) => {
                Err(AgentError::SubscriptionRefused(filter.to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// The next message of the subscriptions.
    ///
    /// # Errors
    /// [`AgentError::TimedOut`] when none comes; see [`AgentError`].
    pub async fn next_message(&mut self) -> Result<Message, AgentError> {
        let deadline = tokio::time::Instant::now() + self.patience;
        loop {
            if let Some(message) = self.received.pop_front() {
                return Ok(message);
            }
            let packet = tokio::time::timeout_at(deadline, self.read())
                .await
                .map_err(|_| AgentError::TimedOut)??;
            self.keep(packet).await?;
        }
    }

    /// Says goodbye and closes.
    ///
    /// # Errors
    /// When the connection was lost before.
    pub async fn disconnect(mut self) -> Result<(), AgentError> {
        self.send(&Packet::Disconnect(Disconnect::default())).await?;
        self.stream.shutdown().await?;
        Ok(())
    }

    async fn wait_for(&mut self, is_answer: impl Fn(&Packet) -> bool) -> Result<Packet, AgentError> {
        let deadline = tokio::time::Instant::now() + self.patience;
        loop {
            let packet = tokio::time::timeout_at(deadline, self.read())
                .await
                .map_err(|_| AgentError::TimedOut)??;
            if is_answer(&packet) {
                return Ok(packet);
            }
            self.keep(packet).await?;
        }
    }

    /// Keeps a message that came while something else was waited for, and acknowledges it.
    async fn keep(&mut self, packet: Packet) -> Result<(), AgentError> {
        let Packet::Publish(publish) = packet else {
            return Ok(());
        };
        if let PublishQos::AtLeastOnce(id) = publish.qos {
            self.send(&Packet::PubAck(PubAck::success(id))).await?;
        }
        let message = publish.message.detached();
        self.received.push_back(Message {
            topic: message.topic.as_str().to_owned(),
            payload: message.payload,
        });
        Ok(())
    }

    fn take_id(&mut self) -> PacketId {
        let id = self.next_id;
        self.next_id = id.checked_add(1).unwrap_or(PacketId::MIN);
        id
    }

    async fn send(&mut self, packet: &Packet) -> Result<(), AgentError> {
        let mut output = BytesMut::new();
        v3::write(packet, &mut output)?;
        self.stream.write_all(&output).await?;
        self.stream.flush().await?;
        Ok(())
    }

    async fn read(&mut self) -> Result<Packet, AgentError> {
        loop {
            if let Some(packet) = v3::read(&mut self.input, &self.limits)? {
                return Ok(packet);
            }
            if self.stream.read_buf(&mut self.input).await.map_err(closed)? == 0 {
                return Err(AgentError::Closed);
            }
        }
    }
}

/// A server that refuses closes, with the reset or the half-finished TLS that come with it.
fn closed(cause: std::io::Error) -> AgentError {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match cause.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | UnexpectedEof => AgentError::Closed,
        _ => cause.into(),
    }
}

async fn shake_hands(options: &Options<'_>) -> Result<TlsStream<TcpStream>, AgentError> {
    let wrong = |cause: String| AgentError::Identity(cause);
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_slice_iter(options.roots_pem.as_bytes()) {
        let root = root.map_err(|cause| wrong(cause.to_string()))?;
        roots.add(root).map_err(|cause| wrong(cause.to_string()))?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|cause| wrong(cause.to_string()))?
        .with_root_certificates(roots)
        .with_client_auth_cert(options.identity.chain.clone(), options.identity.key.clone_key())
        .map_err(|cause| wrong(cause.to_string()))?;
    let name = ServerName::try_from(options.server_name.to_owned())
        .map_err(|_| AgentError::ServerName(options.server_name.to_owned()))?;
    let tcp = TcpStream::connect((options.host, options.port)).await?;
    tcp.set_nodelay(true)?;
    Ok(TlsConnector::from(Arc::new(config)).connect(name, tcp).await?)
}
