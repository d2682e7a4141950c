//! Many devices that connect, each again and again.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::BytesMut;
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use thingsmith_mqtt::{
    Connect, Packet, PacketId, Qos, Subscribe, SubscribeProperties, Subscription, SubscriptionOptions,
    TopicFilter, TopicLimits, v3,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::fleet::{Device, Fleet};

/// What is said once TCP is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conversation {
    /// The TLS handshake, whose end the server's close tells.
    Handshake,
    /// The TLS handshake, after which the server closes without a word.
    Refused,
    /// The TLS handshake, CONNECT, CONNACK, DISCONNECT.
    Mqtt,
}

/// The devices, ready to connect.
pub(crate) struct Load {
    devices: Arc<[Ready]>,
    connections: usize,
    concurrent: usize,
}

/// A connection that stays.
pub(crate) type Held = TlsStream<TcpStream>;

/// What a round gave: how long all took, and each connection.
pub(crate) struct Round {
    pub(crate) took: Duration,
    pub(crate) latencies: Vec<Duration>,
}

struct Ready {
    tls: TlsConnector,
    connect: Vec<u8>,
    subscribe: Vec<u8>,
}

impl Load {
    pub(crate) fn new(fleet: &Fleet, connections: usize, concurrent: usize) -> Result<Self> {
        let mut provider = aws_lc_rs::default_provider();
        // P-256 throughout: a device that has a P-256 key agrees on a secret by the same curve.
        provider.kx_groups = vec![aws_lc_rs::kx_group::SECP256R1];
        // One suite, so that the server and the one that is the limit compute the same.
        provider.cipher_suites = vec![aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256];
        let provider = Arc::new(provider);
        let devices = fleet
            .devices
            .iter()
            .map(|device| Ready::new(device, &provider))
            .collect::<Result<_>>()?;
        Ok(Self {
            devices,
            connections,
            concurrent,
        })
    }

    /// Has the devices connect in turns until there were enough connections.
    pub(crate) async fn round(&self, port: u16, conversation: Conversation) -> Result<Round> {
        let next = Arc::new(AtomicUsize::new(0));
        let connections = self.connections;
        let started = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..self.concurrent {
            let (devices, next) = (Arc::clone(&self.devices), Arc::clone(&next));
            tasks.spawn(async move {
                let mut latencies = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= connections {
                        return anyhow::Ok(latencies);
                    }
                    latencies.push(
                        devices[number % devices.len()]
                            .converse(port, conversation)
                            .await?,
                    );
                }
            });
        }
        let mut latencies = Vec::with_capacity(connections);
        while let Some(done) = tasks.join_next().await {
            latencies.extend(done??);
        }
        Ok(Round {
            took: started.elapsed(),
            latencies,
        })
    }
}

impl Load {
    /// Has all devices connect at once, each again and again until it is let in, and gives back how many connections it
    /// took.
    pub(crate) async fn arrive(&self, port: u16) -> Result<usize> {
        let mut tasks = JoinSet::new();
        for number in 0..self.devices.len() {
            let devices = Arc::clone(&self.devices);
            tasks.spawn(async move {
                for tries in 1..1000 {
                    if devices[number].converse(port, Conversation::Mqtt).await.is_ok() {
                        return anyhow::Ok(tries);
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                anyhow::bail!("a device was never let in")
            });
        }
        let mut connections = 0;
        while let Some(done) = tasks.join_next().await {
            connections += done??;
        }
        Ok(connections)
    }

    /// Has these devices connect, subscribe and stay.
    pub(crate) async fn hold(&self, port: u16, which: Range<usize>) -> Result<Vec<Held>> {
        let next = Arc::new(AtomicUsize::new(which.start));
        let mut tasks = JoinSet::new();
        for _ in 0..self.concurrent {
            let (devices, next, end) = (Arc::clone(&self.devices), Arc::clone(&next), which.end);
            tasks.spawn(async move {
                let mut held = Vec::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        return anyhow::Ok(held);
                    }
                    held.push(devices[number % devices.len()].stay(port).await?);
                }
            });
        }
        let mut held = Vec::new();
        while let Some(done) = tasks.join_next().await {
            held.extend(done??);
        }
        Ok(held)
    }
}

impl Ready {
    fn new(device: &Device, provider: &Arc<CryptoProvider>) -> Result<Self> {
        let chain = CertificateDer::pem_slice_iter(device.certificate_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()?;
        let key = PrivateKeyDer::from_pem_slice(device.key_pem.as_bytes())?;
        let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Credulous))
            .with_client_auth_cert(chain, key)?;
        config.resumption = Resumption::disabled();
        let mut connect = BytesMut::new();
        let packet = Packet::Connect(Box::new(Connect {
            client_id: device.thing_name.clone(),
            clean_session: true,
            keep_alive_seconds: 60,
            ..Connect::default()
        }));
        v3::write(&packet, &mut connect)?;
        let inbox = format!("devices/{}/inbox", device.thing_name);
        let packet = Packet::Subscribe(Subscribe {
            packet_id: PacketId::MIN,
            subscriptions: vec![Subscription {
                filter: TopicFilter::parse(&inbox, &TopicLimits::default())?,
                qos: Qos::AtLeastOnce,
                options: SubscriptionOptions::default(),
            }],
            properties: SubscribeProperties::default(),
        });
        let mut subscribe = BytesMut::new();
        v3::write(&packet, &mut subscribe)?;
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            connect: connect.to_vec(),
            subscribe: subscribe.to_vec(),
        })
    }

    async fn converse(&self, port: u16, conversation: Conversation) -> Result<Duration> {
        let started = Instant::now();
        let mut stream = self.shake_hands(port).await?;
        if conversation == Conversation::Handshake {
            until_closed(&mut stream).await?;
            return Ok(started.elapsed());
        }
        if conversation == Conversation::Refused {
            let read = stream.read(&mut [0; 16]).await;
            ensure!(matches!(read, Ok(0) | Err(_)), "a stranger was let in");
            return Ok(started.elapsed());
        }
        self.say_connect(&mut stream).await?;
        let took = started.elapsed();
        stream.write_all(&[0xe0, 0]).await?;
        until_closed(&mut stream).await?;
        Ok(took)
    }
}

impl Load {
    /// Has one device shake hands, and no more.
    pub(crate) async fn shake_hands(&self, port: u16, device: usize) -> Result<Held> {
        self.devices[device].shake_hands(port).await
    }

    /// Has one device connect.
    pub(crate) async fn connect(&self, port: u16, device: usize) -> Result<Held> {
        let mut stream = self.devices[device].shake_hands(port).await?;
        self.devices[device].say_connect(&mut stream).await?;
        Ok(stream)
    }

    /// Has one device connect from an address of its own, and subscribe to its inbox.
    pub(crate) async fn connect_from_home(&self, port: u16, device: usize) -> Result<Held> {
        self.devices[device].stay_from(home(device), port).await
    }
}

/// An address of this machine that only one device has, as devices in the world have theirs.
fn home(device: usize) -> IpAddr {
    let number = u32::try_from(device).unwrap_or(u32::MAX) % (1 << 23);
    Ipv4Addr::from_bits(Ipv4Addr::new(127, 128, 0, 1).to_bits() + number).into()
}

impl Ready {
    async fn shake_hands(&self, port: u16) -> Result<TlsStream<TcpStream>> {
        self.shake_hands_from(Ipv4Addr::LOCALHOST.into(), port).await
    }

    async fn shake_hands_from(&self, home: IpAddr, port: u16) -> Result<TlsStream<TcpStream>> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((home, 0).into())?;
        let tcp = socket
            .connect((Ipv4Addr::LOCALHOST, port).into())
            .await
            .context("the server cannot be reached")?;
        tcp.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        self.tls.connect(name, tcp).await.context("the handshake failed")
    }

    async fn say_connect(&self, stream: &mut TlsStream<TcpStream>) -> Result<()> {
        stream.write_all(&self.connect).await?;
        let mut answer = [0; 4];
        stream
            .read_exact(&mut answer)
            .await
            .context("CONNECT was not answered")?;
        // MQTT 3.1.1, 3.2: CONNACK, two bytes, no session present, accepted.
        ensure!(answer == [0x20, 2, 0, 0], "CONNECT was refused: {answer:?}");
        Ok(())
    }

    /// Connects and subscribes to the device's own inbox.
    async fn stay(&self, port: u16) -> Result<Held> {
        self.stay_from(Ipv4Addr::LOCALHOST.into(), port).await
    }

    async fn stay_from(&self, home: IpAddr, port: u16) -> Result<Held> {
        let mut stream = self.shake_hands_from(home, port).await?;
        self.say_connect(&mut stream).await?;
        stream.write_all(&self.subscribe).await?;
        let mut answer = [0; 5];
        stream
            .read_exact(&mut answer)
            .await
            .context("SUBSCRIBE was not answered")?;
        // MQTT 3.1.1, 3.9: SUBACK, three bytes, packet 1, granted QoS 1.
        ensure!(answer == [0x90, 3, 0, 1, 1], "SUBSCRIBE was refused: {answer:?}");
        Ok(stream)
    }
}

async fn until_closed(stream: &mut TlsStream<TcpStream>) -> Result<()> {
    let read = stream
        .read(&mut [0; 16])
        .await
        .context("the server did not close in peace")?;
    ensure!(read == 0, "the server said more than it was asked");
    Ok(())
}

/// Believes every server: the load must cost less than what it measures, and only the server's CPU counts.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ECDSA_NISTP256_SHA256]
    }
}
