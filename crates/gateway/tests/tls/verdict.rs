//! The verdict holds the handshake: nothing of ours leaves before it, and nobody waits for it in vain.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, ClientConfig, ClientConnection};
use thingsmith_gateway::tls::{Limits, Reason, Stage};
use tokio::io::AsyncWriteExt;
use tokio::sync::oneshot;

use crate::clients::{alert, config, connect, visit};
use crate::server::{Device, Gate, Kind, World};

/// A gate whose verdict is said by the test, which also hears when it is asked and when its future is dropped.
struct Slow {
    gate: Gate,
    asked: oneshot::Receiver<()>,
    say: oneshot::Sender<Result<(), &'static str>>,
    dropped: oneshot::Receiver<()>,
}

impl Slow {
    async fn open(world: &World) -> Self {
        let (ask, asked) = oneshot::channel();
        let (say, said) = oneshot::channel();
        let (drop_guard, dropped) = oneshot::channel::<()>();
        let gate = Gate::with(world.door(), Limits::default(), async move |_| {
            let _guard = drop_guard;
            ask.send(()).unwrap();
            said.await.unwrap()
        })
        .await;
        Self {
            gate,
            asked,
            say,
            dropped,
        }
    }
}

/// Speaks TLS 1.2 up to and with the client's Finished, then the given bytes.
fn up_to_finished(address: SocketAddr, config: ClientConfig, after: &[u8]) -> (TcpStream, ClientConnection) {
    let mut tcp = TcpStream::connect(address).unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut flight = Vec::new();
    connection.write_tls(&mut flight).unwrap();
    tcp.write_all(&flight).unwrap();
    while !connection.wants_write() {
        connection.read_tls(&mut tcp).unwrap();
        connection.process_new_packets().unwrap();
    }
    flight.clear();
    while connection.wants_write() {
        connection.write_tls(&mut flight).unwrap();
    }
    flight.extend_from_slice(after);
    tcp.write_all(&flight).unwrap();
    (tcp, connection)
}

async fn client_at_the_verdict(
    world: &World,
    gate: &Gate,
    after: &'static [u8],
) -> (TcpStream, ClientConnection) {
    let config = config(world, &TLS12, Some(&Device::new(Kind::P256)));
    let address = gate.address;
    tokio::task::spawn_blocking(move || up_to_finished(address, config, after))
        .await
        .unwrap()
}

#[tokio::test]
async fn the_servers_finished_waits_for_the_verdict() {
    let world = World::new();
    let slow = Slow::open(&world).await;
    let (mut tcp, mut connection) = client_at_the_verdict(&world, &slow.gate, b"").await;
    slow.asked.await.unwrap();
    // The server waits for us alone, and over loopback what it wrote would be here.
    tcp.set_nonblocking(true).unwrap();
    assert_eq!(tcp.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(connection.is_handshaking());

    slow.say.send(Ok(())).unwrap();
    tcp.set_nonblocking(false).unwrap();
    let connection = tokio::task::spawn_blocking(move || {
        while connection.is_handshaking() {
            assert!(connection.read_tls(&mut tcp).unwrap() > 0);
            connection.process_new_packets().unwrap();
        }
        connection
    })
    .await
    .unwrap();
    assert!(!connection.is_handshaking());
    assert_eq!(slow.gate.asked(), 1);
    slow.gate.outcome.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_refusal_is_one_alert_in_clear_and_the_end() {
    let world = World::new();
    let slow = Slow::open(&world).await;
    let (mut tcp, _connection) = client_at_the_verdict(&world, &slow.gate, b"").await;
    slow.asked.await.unwrap();
    slow.say.send(Err("revoked")).unwrap();
    let mut heard = Vec::new();
    let heard = tokio::task::spawn_blocking(move || tcp.read_to_end(&mut heard).map(|_| heard))
        .await
        .unwrap();
    // Fatal access_denied, and no ChangeCipherSpec (20) before it.
    assert_eq!(heard.unwrap(), [21, 3, 3, 0, 2, 2, 49]);
    let refused = slow.gate.outcome.await.unwrap().unwrap_err();
    assert!(matches!(refused.reason, Reason::Verdict("revoked")));
}

/// Rubbish behind the client's Finished fails the connection when the server's Finished is already queued.
#[tokio::test]
async fn rubbish_after_the_handshake_does_not_flush_our_finished() {
    let world = World::new();
    let gate = Gate::open(world.door(), None).await;
    let (mut tcp, _connection) = client_at_the_verdict(
        &world,
        &gate,
        b"\x17\x03\x03\x00\x20no record of this connection....",
    )
    .await;
    let mut heard = Vec::new();
    let heard = tokio::task::spawn_blocking(move || tcp.read_to_end(&mut heard).map(|_| heard))
        .await
        .unwrap();
    assert_eq!(heard.unwrap(), b"");
    assert_eq!(gate.asked(), 0);
    assert!(matches!(
        gate.outcome.await.unwrap().unwrap_err().reason,
        Reason::Handshake(_)
    ));
}

#[tokio::test]
async fn a_peer_that_leaves_is_judged_to_the_end() {
    let world = World::new();
    let device = Device::new(Kind::P256);

    let slow = Slow::open(&world).await;
    let client = client_at_the_verdict(&world, &slow.gate, b"").await;
    slow.asked.await.unwrap();
    drop(client);
    slow.say.send(Err("revoked")).unwrap();
    let refused = slow.gate.outcome.await.unwrap().unwrap_err();
    assert_eq!(refused.stage, Stage::Verdict);
    assert!(matches!(refused.reason, Reason::Verdict("revoked")));

    // In TLS 1.3 a client has sent its first packet by then, and the server must see the close behind it.
    let slow = Slow::open(&world).await;
    let mut client = connect(
        slow.gate.address,
        "localhost",
        config(&world, &TLS13, Some(&device)),
    )
    .await
    .unwrap();
    client.write_all(b"CONNECT").await.unwrap();
    slow.asked.await.unwrap();
    drop(client);
    slow.say.send(Err("revoked")).unwrap();
    assert!(matches!(
        slow.gate.outcome.await.unwrap().unwrap_err().reason,
        Reason::Verdict("revoked")
    ));
}

#[tokio::test]
async fn nothing_sent_before_the_verdict_is_lost() {
    let world = World::new();
    let slow = Slow::open(&world).await;
    let device = Device::new(Kind::P256);
    let mut client = connect(
        slow.gate.address,
        "localhost",
        config(&world, &TLS13, Some(&device)),
    )
    .await
    .unwrap();
    client.write_all(b"CONNECT").await.unwrap();
    slow.asked.await.unwrap();
    slow.say.send(Ok(())).unwrap();
    let mut said = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut client, &mut said)
        .await
        .unwrap();
    assert_eq!(said, crate::server::WELCOME);
    client.shutdown().await.unwrap();
    slow.gate.outcome.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_verdict_has_its_deadline() {
    let world = World::new();
    let device = Device::new(Kind::P256);
    for version in [&TLS12, &TLS13] {
        let limits = Limits {
            verdict: Duration::from_secs(3),
            ..Limits::default()
        };
        let gate = Gate::with(world.door(), limits, async |_| std::future::pending().await).await;
        let error = visit(gate.address, config(&world, version, Some(&device)))
            .await
            .unwrap_err();
        if version.version == TLS12.version {
            assert_eq!(alert(&error), Some(AlertDescription::AccessDenied));
        }
        let refused = gate.outcome.await.unwrap().unwrap_err();
        assert_eq!(refused.stage, Stage::Verdict);
        assert!(matches!(refused.reason, Reason::TimedOut));
    }
}

#[tokio::test]
async fn dropping_the_accept_drops_the_verdict() {
    let world = World::new();
    let slow = Slow::open(&world).await;
    let client = client_at_the_verdict(&world, &slow.gate, b"").await;
    slow.asked.await.unwrap();
    slow.gate.outcome.abort();
    slow.dropped.await.unwrap_err();
    drop(client);
}
