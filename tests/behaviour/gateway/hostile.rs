//! Clients that break the rules. Meanwhile a healthy device must notice nothing.

use std::num::NonZeroUsize;
use std::time::Duration;

use thingsmith_gateway::Config;
use thingsmith_mqtt::Qos::AtLeastOnce;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::lab::{Device, EVERYTHING, Lab, PATIENCE};
use super::wire::Wire;

/// A device that publishes to itself.
pub(super) struct Healthy(Wire);

impl Healthy {
    pub(super) async fn connect(lab: &Lab, device: &Device) -> Self {
        let mut wire = lab.dial(device).connect("healthy").await;
        wire.subscribe("healthy", AtLeastOnce).await;
        Self(wire)
    }

    pub(super) async fn check(&mut self) {
        self.0.publish_qos_0("healthy", b"well").await;
        assert_eq!(self.0.text().await, "well");
    }
}

#[tokio::test]
async fn a_malformed_packet_ends_its_connection_without_an_answer() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    for bytes in MALFORMED {
        let mut wire = lab.dial(&device).connect("hostile").await;
        wire.bytes(bytes).await;
        assert_eq!(wire.rest().await, b"", "{bytes:02x?}");
    }
    for bytes in MALFORMED.iter().chain(MALFORMED_CONNECTS) {
        let mut wire = lab.dial(&device).tls().await.unwrap();
        wire.bytes(bytes).await;
        assert_eq!(wire.rest().await, b"", "{bytes:02x?}");
    }
    healthy.check().await;
    lab.until_connected(1).await;
}

/// Each is one broken rule away from a packet that is accepted, or is a server's.
const MALFORMED: &[&[u8]] = &[
    b"\x00\x00",
    b"\xf0\x00",
    b"\x20\x02\0\0",
    b"\x90\x03\0\x01\0",
    b"\xb0\x02\0\x01",
    b"\xd0\x00",
    b"\x50\x02\0\x01",
    b"\x62\x02\0\x01",
    b"\x70\x02\0\x01",
    b"\x30\x03\0\x01+",
    b"\x30\x03\0\x01#",
    b"\x30\x02\0\0",
    b"\x30\x03\0\x02t",
    b"\x30\x03\0\x01\xff",
    b"\x30\x03\0\x01\0",
    b"\x32\x03\0\x01t",
    b"\x32\x05\0\x01t\0\0",
    b"\x34\x05\0\x01t\0\x01",
    b"\x36\x05\0\x01t\0\x01",
    b"\x38\x03\0\x01t",
    b"\x40\x02\0\0",
    b"\x40\x03\0\x01\0",
    b"\x41\x02\0\x01",
    b"\x82\x06\0\0\0\x01t\0",
    b"\x82\x02\0\x01",
    b"\x82\x06\0\x01\0\x01t\x03",
    b"\x82\x06\0\x01\0\x01t\x04",
    b"\x82\x05\0\x01\0\x01t",
    b"\x82\x05\0\x01\0\0\0",
    b"\x82\x08\0\x01\0\x03a#b\0",
    b"\x82\x08\0\x01\0\x03#/b\0",
    b"\x80\x06\0\x01\0\x01t\0",
    b"\xa2\x02\0\x01",
    b"\xa2\x05\0\0\0\x01t",
    b"\xa0\x05\0\x01\0\x01t",
    b"\xc0\x01\0",
    b"\xc1\x00",
    b"\xe0\x01\0",
    b"\xe1\x00",
    // A length of five bytes, and one beyond every limit.
    b"\x30\xff\xff\xff\xff\x01",
    b"\x30\xff\xff\xff\x7f",
];

const MALFORMED_CONNECTS: &[&[u8]] = &[
    b"\x10\x0d\0\x04MQTT\x04\x03\0\x3c\0\x01c",
    b"\x10\x0d\0\x04mqtt\x04\x02\0\x3c\0\x01c",
    b"\x10\x0e\0\x04MQTT\x04\x02\0\x3c\0\x01cx",
    b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x02c",
    b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01\xff",
    b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01\0",
    b"\x10\x0d\0\x04MQTT\x04\x0a\0\x3c\0\x01c",
    b"\x10\x0d\0\x04MQTT\x04\x82\0\x3c\0\x01c",
    b"\x10\x10\0\x04MQTT\x04\x42\0\x3c\0\x01c\0\x01p",
    b"\x11\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c",
    b"\x10\x04\0\x04MQ",
    b"\x10\x00",
];

#[tokio::test]
async fn a_packet_too_long_is_refused_by_its_header_alone() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    // 146 KiB may be announced: the server waits for the rest.
    let mut within = lab.dial(&device).connect("within").await;
    within.bytes(b"\x30\xfc\x8f\x09\0\x01t").await;
    // A byte more, or 256 MiB, is refused at once, though nothing of it was sent.
    for header in [
        &b"\x30\xfd\x8f\x09"[..],
        b"\x30\xff\xff\xff\x7f",
        b"\x82\xff\xff\xff\x7f",
    ] {
        let mut beyond = lab.dial(&device).connect("beyond").await;
        beyond.bytes(header).await;
        beyond.ends().await;
    }
    lab.until_connected(1).await;
    let waits = timeout(Duration::from_millis(20), within.next()).await;
    assert!(waits.is_err(), "the server waits for the rest");
}

#[tokio::test]
async fn one_address_gets_so_many_handshakes_and_others_wait_for_nothing() {
    let config = Config {
        handshakes_per_address: NonZeroUsize::new(3).unwrap(),
        ..Config::default()
    };
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        held.push(TcpStream::connect(lab.address).await.unwrap());
    }
    for _ in 0..20 {
        let mut one_more = TcpStream::connect(lab.address).await.unwrap();
        let read = timeout(PATIENCE, one_more.read(&mut [0])).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)), "it is closed");
    }
    assert!(lab.dial(&device).try_connect("late").await.is_none());
    healthy.check().await;
    // Somebody from elsewhere comes in meanwhile.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let tcp = socket.connect(lab.address).await.unwrap();
    assert!(lab.dial(&device).tls_over(tcp).await.is_ok());
    drop(held);
    let comes_in = async { while lab.dial(&device).try_connect("late").await.is_none() {} };
    timeout(PATIENCE, comes_in).await.unwrap();
}

#[tokio::test]
async fn handshakes_that_do_not_go_on_are_cut() {
    let mut config = Config::default();
    config.tls.handshake = Duration::from_secs(1);
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    for beginning in [&b""[..], b"\x16", b"\x16\x03\x01\x01\x00\x01\x00"] {
        let mut tcp = TcpStream::connect(lab.address).await.unwrap();
        tcp.write_all(beginning).await.unwrap();
        let read = timeout(PATIENCE, tcp.read(&mut [0])).await.unwrap();
        assert!(matches!(read, Ok(0) | Err(_)), "{beginning:02x?}");
    }
    healthy.check().await;
}

#[tokio::test]
async fn so_many_connections_and_the_next_waits_for_a_place() {
    let config = Config {
        connections: 2,
        ..Config::default()
    };
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    let second = lab.dial(&device).connect("second").await;
    let third = lab.dial(&device).connect("third");
    tokio::pin!(third);
    assert!(
        timeout(Duration::from_millis(100), &mut third).await.is_err(),
        "it waits"
    );
    healthy.check().await;
    drop(second);
    assert!(third.await.is_alive().await);
}
