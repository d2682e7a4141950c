//! A device's end of a connection, which can say anything.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use thingsmith_mqtt::{
    Codec, Connect, Grant, Limits, Message, Packet, PacketId, PubAck, Publish, PublishQos, Qos, ReasonCode,
    Subscribe, SubscribeProperties, Subscription, SubscriptionOptions, TopicFilter, TopicLimits, TopicName,
    Unsubscribe, UserProperties, Version, v3,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::lab::{Device, Lab, PATIENCE};

/// How to reach the gateway.
pub(super) struct Dial<'a> {
    lab: &'a Lab,
    address: SocketAddr,
    device: Option<&'a Device>,
    server_name: Option<String>,
    protocols: Vec<Vec<u8>>,
    versions: Vec<&'static SupportedProtocolVersion>,
    mismatched: bool,
}

/// A connection after its TLS handshake.
pub(super) struct Wire {
    pub(super) stream: TlsStream<TcpStream>,
    codec: Codec,
    input: BytesMut,
}

impl<'a> Dial<'a> {
    pub(super) fn new(lab: &'a Lab, device: Option<&'a Device>) -> Self {
        Self {
            lab,
            address: lab.address,
            device,
            server_name: Some("localhost".into()),
            protocols: Vec::new(),
            versions: rustls::DEFAULT_VERSIONS.to_vec(),
            mismatched: false,
        }
    }

    pub(super) fn server_name(mut self, name: &str) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// Another gateway than the lab's first.
    pub(super) fn at(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    pub(super) fn no_server_name(mut self) -> Self {
        self.server_name = None;
        self
    }

    pub(super) fn protocol(mut self, protocol: &str) -> Self {
        self.protocols.push(protocol.as_bytes().to_vec());
        self
    }

    pub(super) fn version(mut self, version: &'static SupportedProtocolVersion) -> Self {
        self.versions = vec![version];
        self
    }

    /// Does not look whether the key is the certificate's.
    pub(super) fn mismatched(mut self) -> Self {
        self.mismatched = true;
        self
    }

    /// Shakes hands as far as the client can tell: with TLS 1.3 the server's verdict comes later.
    pub(super) async fn tls(self) -> io::Result<Wire> {
        let tcp = TcpStream::connect(self.address).await?;
        self.tls_over(tcp).await
    }

    pub(super) async fn tls_over(self, tcp: TcpStream) -> io::Result<Wire> {
        tcp.set_nodelay(true)?;
        let mut roots = RootCertStore::empty();
        let pem = self.lab.server.deeds.authorities().endpoint_roots_pem();
        for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(root.unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_details(provider, Arc::new(AtTheStart))
            .with_protocol_versions(&self.versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match self.device {
            Some(device) if self.mismatched => {
                let provider = builder.crypto_provider();
                let key = provider
                    .key_provider
                    .load_private_key(device.key.clone_key())
                    .unwrap();
                let certified = CertifiedKey::new(device.chain.clone(), key);
                builder.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(certified)))
            }
            Some(device) => builder
                .with_client_auth_cert(device.chain.clone(), device.key.clone_key())
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.protocols;
        config.enable_sni = self.server_name.is_some();
        let name = self.server_name.unwrap_or_else(|| "localhost".into());
        let name = ServerName::try_from(name).unwrap();
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, tcp);
        let stream = timeout(PATIENCE, connecting).await.expect("the server answers")?;
        Ok(Wire {
            stream,
            codec: Codec::speaking(Version::V3_1_1),
            input: BytesMut::new(),
        })
    }

    /// Connects with a clean session; [`None`] when the server closes instead of answering.
    pub(super) async fn try_connect(self, client_id: &str) -> Option<Wire> {
        self.try_connect_as(connect(client_id)).await
    }

    pub(super) async fn try_connect_as(self, connect: Connect) -> Option<Wire> {
        let clean = connect.clean_session;
        let (wire, present) = self.open(connect).await?;
        assert!(!(clean && present), "a clean session is new");
        Some(wire)
    }

    /// Connects and says whether the session was there before.
    pub(super) async fn open(self, connect: Connect) -> Option<(Wire, bool)> {
        let mut wire = self.tls().await.ok()?;
        wire.introduce(connect).await;
        match wire.next().await? {
            Packet::ConnAck(answer) => {
                assert_eq!(answer.code, ReasonCode::Success);
                Some((wire, answer.session_present))
            }
            other => panic!("{other:?} is no answer to CONNECT"),
        }
    }

    pub(super) async fn connect(self, client_id: &str) -> Wire {
        self.try_connect(client_id).await.expect("it may connect")
    }
}

impl Wire {
    /// Sends bytes. A server that has closed is found out by what is read next.
    pub(super) async fn bytes(&mut self, bytes: &[u8]) {
        let sending = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        let _ = timeout(PATIENCE, sending).await.expect("the server reads");
    }

    /// Sends CONNECT and speaks its version from then on.
    pub(super) async fn introduce(&mut self, connect: Connect) {
        self.codec = Codec::speaking(connect.version);
        self.send(&Packet::Connect(Box::new(connect))).await;
    }

    pub(super) async fn send(&mut self, packet: &Packet) {
        let mut bytes = BytesMut::new();
        self.codec.write(packet, &mut bytes).unwrap();
        self.bytes(&bytes).await;
    }

    /// The next packet; [`None`] when the server closes.
    pub(super) async fn next(&mut self) -> Option<Packet> {
        let limits = Limits::default();
        loop {
            if let Some(packet) = self
                .codec
                .read(&mut self.input, &limits)
                .expect("the server speaks MQTT")
            {
                return Some(packet);
            }
            let read = timeout(PATIENCE, self.stream.read_buf(&mut self.input)).await;
            match read.expect("the server sends or closes") {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// All bytes until the server closes.
    pub(super) async fn rest(mut self) -> Vec<u8> {
        let mut bytes = self.input.to_vec();
        let read = timeout(PATIENCE, self.stream.read_to_end(&mut bytes)).await;
        let _ = read.expect("the server closes");
        bytes
    }

    /// Asserts that nothing comes but the end.
    pub(super) async fn ends(&mut self) {
        assert_eq!(self.next().await, None);
    }

    /// Subscribes to one filter.
    pub(super) async fn subscribe(&mut self, filter: &str, qos: Qos) -> Grant {
        self.subscribe_all(&[(filter, qos)]).await[0]
    }

    pub(super) async fn subscribe_all(&mut self, filters: &[(&str, Qos)]) -> Vec<Grant> {
        let subscriptions = filters
            .iter()
            .map(|(filter, qos)| Subscription {
                filter: TopicFilter::parse(filter, &WIDE).unwrap(),
                qos: *qos,
                options: SubscriptionOptions::default(),
            })
            .collect();
        let packet_id = id(7);
        self.send(&Packet::Subscribe(Subscribe {
            packet_id,
            subscriptions,
            properties: SubscribeProperties::default(),
        }))
        .await;
        match self.next().await {
            Some(Packet::SubAck(answer)) => {
                assert_eq!(answer.packet_id, packet_id);
                answer.grants
            }
            other => panic!("{other:?} is no answer to SUBSCRIBE"),
        }
    }

    pub(super) async fn unsubscribe(&mut self, filter: &str) {
        let filters = vec![TopicFilter::parse(filter, &WIDE).unwrap()];
        let packet_id = id(8);
        self.send(&Packet::Unsubscribe(Unsubscribe {
            packet_id,
            filters,
            user_properties: UserProperties::new(),
        }))
        .await;
        assert!(matches!(self.next().await, Some(Packet::UnsubAck(answer)) if answer.packet_id == packet_id));
    }

    /// Publishes with QoS 1 and waits for PUBACK; false when the server closes.
    pub(super) async fn publish(&mut self, topic: &str, payload: &[u8]) -> bool {
        self.send(&publish(topic, payload, PublishQos::AtLeastOnce(id(9))))
            .await;
        match self.next().await {
            Some(Packet::PubAck(answered)) => {
                assert_eq!(answered, PubAck::success(id(9)));
                true
            }
            None => false,
            other => panic!("{other:?} is no answer to PUBLISH"),
        }
    }

    pub(super) async fn publish_qos_0(&mut self, topic: &str, payload: &[u8]) {
        self.send(&publish(topic, payload, PublishQos::AtMostOnce)).await;
    }

    /// The next message, acknowledged: its topic, its payload, its quality of service.
    pub(super) async fn message(&mut self) -> (String, Vec<u8>, Qos) {
        match self.next().await {
            Some(Packet::Publish(publish)) => {
                if let PublishQos::AtLeastOnce(id) = publish.qos {
                    self.send(&Packet::PubAck(PubAck::success(id))).await;
                }
                assert!(!publish.duplicate && !publish.message.retain);
                let message = publish.message;
                (
                    message.topic.to_string(),
                    message.payload.to_vec(),
                    publish.qos.level(),
                )
            }
            other => panic!("{other:?} is no message"),
        }
    }

    /// The next message as it came, not acknowledged.
    pub(super) async fn delivery(&mut self) -> Publish {
        match self.next().await {
            Some(Packet::Publish(publish)) => publish,
            other => panic!("{other:?} is no message"),
        }
    }

    /// The next message's payload as text.
    pub(super) async fn text(&mut self) -> String {
        String::from_utf8(self.message().await.1).unwrap()
    }

    /// Whether the server answers still.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.send(&Packet::PingReq).await;
        match self.next().await {
            Some(Packet::PingResp) => true,
            None => false,
            other => panic!("{other:?} is no answer to PINGREQ"),
        }
    }
}

/// A CONNECT whose session outlives the connection.
pub(super) fn persistent(client_id: &str) -> Connect {
    Connect {
        clean_session: false,
        ..connect(client_id)
    }
}

/// A CONNECT of MQTT 5 that asks for nothing.
pub(super) fn connect_5(client_id: &str) -> Connect {
    Connect {
        version: Version::V5,
        ..connect(client_id)
    }
}

/// A CONNECT with a clean session.
pub(super) fn connect(client_id: &str) -> Connect {
    Connect {
        client_id: client_id.into(),
        clean_session: true,
        keep_alive_seconds: 60,
        ..Connect::default()
    }
}

pub(super) fn publish(topic: &str, payload: &[u8], qos: PublishQos) -> Packet {
    let message = message(topic, payload);
    let duplicate = false;
    Packet::Publish(Publish {
        message,
        qos,
        duplicate,
        topic_alias: None,
    })
}

/// A SUBSCRIBE to one filter.
pub(super) fn subscription(filter: &str) -> Packet {
    Packet::Subscribe(Subscribe {
        packet_id: id(7),
        subscriptions: vec![Subscription {
            filter: TopicFilter::parse(filter, &WIDE).unwrap(),
            qos: Qos::AtMostOnce,
            options: SubscriptionOptions::default(),
        }],
        properties: SubscribeProperties::default(),
    })
}

pub(super) fn message(topic: &str, payload: &[u8]) -> Message {
    Message {
        topic: TopicName::parse(topic, &WIDE).unwrap(),
        payload: payload.to_vec().into(),
        retain: false,
        properties: None,
    }
}

pub(super) fn id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

pub(super) fn written(packet: &Packet) -> BytesMut {
    let mut bytes = BytesMut::new();
    v3::write(packet, &mut bytes).unwrap();
    bytes
}

/// What an MQTT 3.1.1 client reads of a subscription that is refused, for whatever reason.
pub(super) const REFUSED: Grant = Grant::Refused(ReasonCode::UnspecifiedError);

/// A client that knows no limits of AWS's.
const WIDE: TopicLimits = TopicLimits {
    bytes: 10_000,
    levels: 100,
};

/// The time at which test servers start, by which a client looks at the server's certificate.
#[derive(Debug)]
struct AtTheStart;

impl TimeProvider for AtTheStart {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_secs(1_795_291_200)))
    }
}
