//! Those who never finish, say too much, or speak no TLS at all.

use rustls::version::TLS12;
use thingsmith_gateway::tls::{Limits, Reason, Refused, Stage};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::clients::config;
use crate::server::{Gate, World};

/// Says some bytes and listens until the server closes.
async fn say(bytes: &[u8]) -> (Vec<u8>, Refused<&'static str>) {
    let gate = Gate::open(World::new().door(), None).await;
    let mut tcp = TcpStream::connect(gate.address).await.unwrap();
    let _ = tcp.write_all(bytes).await;
    let mut heard = Vec::new();
    let _ = tcp.read_to_end(&mut heard).await;
    let refused = gate.outcome.await.unwrap().unwrap_err();
    (heard, refused)
}

fn hello() -> Vec<u8> {
    let name = "localhost".try_into().unwrap();
    let config = config(&World::new(), &TLS12, None);
    let mut connection = rustls::ClientConnection::new(config.into(), name).unwrap();
    let mut hello = Vec::new();
    connection.write_tls(&mut hello).unwrap();
    hello
}

#[tokio::test(start_paused = true)]
async fn a_hello_has_its_deadline() {
    let hello = hello();
    for length in [0, 1, 5, 40, hello.len() - 1] {
        let (heard, refused) = say(&hello[..length]).await;
        assert_eq!(heard, b"");
        assert_eq!(refused.stage, Stage::Hello);
        assert_eq!(refused.hello, None);
        assert!(
            matches!(refused.reason, Reason::TimedOut),
            "{length} {:?}",
            refused.reason
        );
    }
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_the_handshake_shares_that_deadline() {
    let (heard, refused) = say(&hello()).await;
    // A server hello, and then silence.
    assert_eq!(heard[0], 22);
    assert_eq!(refused.stage, Stage::Handshake);
    assert!(refused.hello.is_some());
    assert!(matches!(refused.reason, Reason::TimedOut));
}

#[tokio::test]
async fn what_is_not_tls_is_told_so() {
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        &[0x10, 12, 0, 4, b'M', b'Q', b'T', b'T', 4, 2],
    ] {
        let (heard, refused) = say(bytes).await;
        // A fatal alert.
        assert_eq!((heard[0], heard[5]), (21, 2), "{heard:?}");
        assert_eq!(refused.stage, Stage::Hello);
        assert!(matches!(refused.reason, Reason::Handshake(_)));
    }
}

#[tokio::test]
async fn a_hello_has_its_size() {
    // A hello that announces 60,000 bytes, in records that are well formed.
    let mut bytes = Vec::new();
    for _ in 0..4 {
        bytes.extend([22, 3, 1, 0x20, 0]);
        bytes.extend([0; 0x2000]);
    }
    bytes[5..9].copy_from_slice(&[1, 0, 0xea, 0x60]);
    let (_, refused) = say(&bytes).await;
    assert_eq!(refused.stage, Stage::Hello);
    assert!(matches!(refused.reason, Reason::TooLong), "{:?}", refused.reason);
}

#[tokio::test]
async fn a_handshake_has_its_size() {
    let limits = Limits {
        handshake_bytes: 400,
        ..Limits::default()
    };
    let world = World::new();
    let gate = Gate::with(world.door(), limits, async |_| Ok(())).await;
    let device = crate::server::Device::new(crate::server::Kind::Rsa2048);
    crate::clients::visit(gate.address, config(&world, &TLS12, Some(&device)))
        .await
        .unwrap_err();
    let refused = gate.outcome.await.unwrap().unwrap_err();
    assert_eq!(refused.stage, Stage::Handshake);
    assert!(matches!(refused.reason, Reason::TooLong), "{:?}", refused.reason);
}

#[tokio::test]
async fn a_peer_that_leaves_is_noticed_at_every_stage() {
    for (bytes, stage) in [(Vec::new(), Stage::Hello), (hello(), Stage::Handshake)] {
        let gate = Gate::open(World::new().door(), None).await;
        let mut tcp = TcpStream::connect(gate.address).await.unwrap();
        tcp.write_all(&bytes).await.unwrap();
        tcp.shutdown().await.unwrap();
        let refused = gate.outcome.await.unwrap().unwrap_err();
        assert_eq!(refused.stage, stage);
        assert!(matches!(refused.reason, Reason::PeerClosed));
    }
}
