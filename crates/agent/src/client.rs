//! A device's connection: MQTT 3.1.1 or MQTT 5 over mutual TLS.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::sign::SingleCertAndKey;
use rustls::{ClientConfig, RootCertStore};
use thingsmith_mqtt::{
    Codec, Connect, Disconnect, Grant, Limits, Packet, PacketId, PubAck, Publish, PublishQos, Qos,
    ReasonCode, Subscribe, SubscribeProperties, Subscription, SubscriptionOptions, TopicFilter, TopicName,
    Version,
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

/// How often a client lets its server hear something of it, at least.
pub(crate) const KEEP_ALIVE_SECONDS: u16 = 60;

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
    codec: Codec,
    version: Version,
    input: BytesMut,
    limits: Limits,
    patience: Duration,
    next_id: PacketId,
    received: VecDeque<Message>,
}

impl Client {
    /// Connects by MQTT 3.1.1 with a clean session.
    ///
    /// # Errors
    /// See [`AgentError`]; a server that refuses most often only closes the connection.
    pub async fn connect(options: &Options<'_>) -> Result<Self, AgentError> {
        Self::connect_by(options, Version::V3_1_1).await
    }

    /// Connects by this version of MQTT with a clean session.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_by(options: &Options<'_>, version: Version) -> Result<Self, AgentError> {
        let connecting = async {
            let stream = shake_hands(options).await?;
            let mut client = Self {
                stream,
                codec: Codec::speaking(version),
                version,
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
            version: self.version,
            client_id: client_id.to_owned(),
            clean_session: true,
            keep_alive_seconds: KEEP_ALIVE_SECONDS,
            ..Connect::default()
        })))
        .await?;
        match self.read().await? {
            Packet::ConnAck(answer) if answer.code == ReasonCode::Success => Ok(()),
            Packet::ConnAck(answer) => Err(AgentError::Refused(answer.code)),
            Packet::Disconnect(end) => Err(AgentError::Disconnected(end.code)),
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
        let answer = self
            .wait_for(|packet| matches!(packet, Packet::PubAck(answer) if answer.packet_id == id))
            .await?;
        match answer {
            Packet::PubAck(answer) if answer.code.is_error() => Err(AgentError::PublishRefused {
                topic: topic.to_owned(),
                code: answer.code,
            }),
            _ => Ok(()),
        }
    }

    /// Subscribes with QoS 1.
    ///
    /// # Errors
    /// [`AgentError::SubscriptionRefused`] when the server does not allow it; see [`AgentError`].
    pub async fn subscribe(&mut self, filter: &str) -> Result<(), AgentError> {
        self.subscribe_all(&[filter]).await
    }

    /// Subscribes with QoS 1 to several filters at once; AWS takes eight.
    ///
    /// # Errors
    /// [`AgentError::SubscriptionRefused`] names the first that the server does not allow; see [`AgentError`].
    pub async fn subscribe_all(&mut self, filters: &[&str]) -> Result<(), AgentError> {
        let packet_id = self.take_id();
        let subscriptions = filters
            .iter()
            .map(|filter| {
                Ok(Subscription {
                    filter: TopicFilter::parse(filter, &self.limits.topic)?,
                    qos: Qos::AtLeastOnce,
                    options: SubscriptionOptions::default(),
                })
            })
            .collect::<Result<_, AgentError>>()?;
        self.send(&Packet::Subscribe(Subscribe {
            packet_id,
            subscriptions,
            properties: SubscribeProperties::default(),
        }))
        .await?;
        let answer = self
            .wait_for(|packet| matches!(packet, Packet::SubAck(answer) if answer.packet_id == packet_id))
            .await?;
        let Packet::SubAck(answer) = answer else {
            return Ok(());
        };
        let refused = answer
            .grants
            .iter()
            .position(|grant| matches!(grant, Grant::Refused(_)));
        match refused.and_then(|at| filters.get(at)) {
            Some(filter) => Err(AgentError::SubscriptionRefused((*filter).to_owned())),
            None => Ok(()),
        }
    }

    /// Tells the server that the device is still there, and waits until it answers.
    ///
    /// # Errors
    /// See [`AgentError`].
    pub async fn ping(&mut self) -> Result<(), AgentError> {
        self.send(&Packet::PingReq).await?;
        self.wait_for(|packet| matches!(packet, Packet::PingResp))
            .await
            .map(drop)
    }

    /// The next message of the subscriptions.
    ///
    /// # Errors
    /// [`AgentError::TimedOut`] when none comes; see [`AgentError`].
    pub async fn next_message(&mut self) -> Result<Message, AgentError> {
        self.next_message_within(self.patience).await
    }

    /// The next message of the subscriptions, which may take so long.
    ///
    /// # Errors
    /// [`AgentError::TimedOut`] when none comes; see [`AgentError`].
    pub async fn next_message_within(&mut self, patience: Duration) -> Result<Message, AgentError> {
        let deadline = tokio::time::Instant::now() + patience;
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
        let publish = match packet {
            Packet::Publish(publish) => publish,
            Packet::Disconnect(end) => return Err(AgentError::Disconnected(end.code)),
            _ => return Ok(()),
        };
        if let PublishQos::AtLeastOnce(id) = publish.qos {
            self.send(&Packet::PubAck(PubAck::success(id))).await?;
        }
        let message = publish.message;
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
        self.codec.write(packet, &mut output)?;
        self.stream.write_all(&output).await.map_err(closed)?;
        self.stream.flush().await.map_err(closed)
    }

    async fn read(&mut self) -> Result<Packet, AgentError> {
        loop {
            if let Some(packet) = self.codec.read(&mut self.input, &self.limits)? {
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
    let alert = cause
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(rustls::Error::AlertReceived(alert)) = alert {
        return AgentError::Alert(format!("{alert:?}"));
    }
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
    let mut config =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|cause| wrong(cause.to_string()))?
            .with_root_certificates(roots)
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(options.identity.certified()?)));
    if options.port == HTTPS_PORT {
        config.alpn_protocols.push(MQTT_BY_ALPN.into());
    }
    let name = ServerName::try_from(options.server_name.to_owned())
        .map_err(|_| AgentError::ServerName(options.server_name.to_owned()))?;
    let tcp = TcpStream::connect((options.host, options.port)).await?;
    tcp.set_nodelay(true)?;
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
        .map_err(closed)
}

/// The port behind which AWS has both HTTPS and MQTT, told apart by ALPN ("Device communication protocols").
const HTTPS_PORT: u16 = 443;
/// MQTT with a client certificate.
const MQTT_BY_ALPN: &str = "x-amzn-mqtt-ca";
