//! The life of a connection: how it begins, how long it may be silent, how it ends.

use std::time::{Duration, Instant};

use thingsmith_gateway::Config;
use thingsmith_mqtt::Qos::AtMostOnce;
use thingsmith_mqtt::{Connect, Disconnect, KeepAlive, Packet, PubAck, ReasonCode};
use tokio::io::AsyncWriteExt;

use super::lab::{EVERYTHING, Lab, allow};
use super::wire::{Wire, connect, id, publish, subscription};

/// What the server answers to a CONNECT that it does not accept.
async fn answer(lab: &Lab, connect: Connect) -> Option<ReasonCode> {
    let device = lab.device(EVERYTHING).await;
    let mut wire = lab.dial(&device).tls().await.unwrap();
    wire.send(&Packet::Connect(Box::new(connect))).await;
    let code = match wire.next().await? {
        Packet::ConnAck(answer) => answer.code,
        other => panic!("{other:?} is no answer to CONNECT"),
    };
    if code != ReasonCode::Success {
        wire.ends().await;
    }
    Some(code)
}

#[tokio::test]
async fn a_client_id_has_128_bytes_and_no_dollar_in_front() {
    use ReasonCode::{ClientIdentifierNotValid as IdentifierRejected, Success as Accepted};
    let lab = Lab::start().await;
    for (client_id, clean_session, expected) in [
        ("c".repeat(128), true, Accepted),
        ("c".repeat(129), true, IdentifierRejected),
        ("c$".into(), true, Accepted),
        ("$c".into(), true, IdentifierRejected),
        ("Ünïcode/+#".into(), true, Accepted),
        (String::new(), true, Accepted),
        (String::new(), false, IdentifierRejected),
        ("kept".into(), false, Accepted),
    ] {
        let connect = Connect {
            clean_session,
            ..connect(&client_id)
        };
        assert_eq!(answer(&lab, connect).await, Some(expected), "{client_id:?}");
    }
}

#[tokio::test]
async fn clients_without_an_id_get_different_ones_which_policies_see() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut first = lab.dial(&device).connect("").await;
    let mut second = lab.dial(&device).connect("").await;
    assert!(first.is_alive().await && second.is_alive().await);
    assert_eq!(lab.clients.len(), 2);
    let only_pump = lab.device(&allow(&[("Connect", "client/pump")])).await;
    assert!(lab.dial(&only_pump).try_connect("").await.is_none());
}

#[tokio::test]
async fn other_versions_of_mqtt_are_refused_in_their_own_words() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    for (body, expected) in [
        (&b"\0\x06MQIsdp\x03\x02\0\x3c\0\x01c"[..], &b"\x20\x02\0\x01"[..]),
        (b"\0\x04MQTT\x03\x02\0\x3c\0\x01c", b"\x20\x02\0\x01"),
        (b"\0\x04MQTT\x06\x02\0\x3c\0\0\x01c", b"\x20\x02\0\x01"),
    ] {
        let mut wire = lab.dial(&device).tls().await.unwrap();
        wire.bytes(&[&[0x10, body.len() as u8], body].concat()).await;
        assert_eq!(wire.rest().await, expected);
    }
}

#[tokio::test]
async fn nothing_comes_before_connect_and_no_second_one_after_it() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut witness = lab.dial(&device).connect("witness").await;
    witness.subscribe("#", AtMostOnce).await;
    for packet in [
        Packet::PingReq,
        Packet::Disconnect(Disconnect::default()),
        Packet::PubAck(PubAck::success(id(1))),
        subscription("#"),
        publish("a", b"early", thingsmith_mqtt::PublishQos::AtMostOnce),
    ] {
        let mut wire = lab.dial(&device).tls().await.unwrap();
        wire.send(&packet).await;
        wire.ends().await;
    }
    let mut twice = lab.dial(&device).connect("twice").await;
    twice.send(&Packet::Connect(Box::new(connect("twice")))).await;
    twice.ends().await;
    // CONNECT twice in one breath, and a message behind it.
    let mut wire = lab.dial(&device).tls().await.unwrap();
    let connect = super::wire::written(&Packet::Connect(Box::new(connect("twice"))));
    let late = super::wire::written(&publish("a", b"late", thingsmith_mqtt::PublishQos::AtMostOnce));
    wire.bytes(&[&connect[..], &connect, &late].concat()).await;
    assert!(matches!(wire.next().await, Some(Packet::ConnAck(_))));
    wire.ends().await;
    witness.publish_qos_0("a", b"regular").await;
    assert_eq!(witness.text().await, "regular");
}

#[tokio::test]
async fn the_newer_connection_takes_the_client_id_and_gets_nothing_of_the_older() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut older = lab.dial(&device).connect("pump").await;
    older.subscribe("old", AtMostOnce).await;
    let mut newer = lab.dial(&device).connect("pump").await;
    older.ends().await;
    lab.until_connected(1).await;
    newer.subscribe("new", AtMostOnce).await;
    newer.publish_qos_0("old", b"1").await;
    newer.publish_qos_0("new", b"2").await;
    assert_eq!(newer.text().await, "2");
    // Whoever may not connect takes nothing over.
    let stranger = lab.stranger("stranger").await;
    assert!(lab.dial(&stranger).try_connect("pump").await.is_none());
    assert!(newer.is_alive().await);
    // Nor does the end of a loser free what the winner has.
    let mut third = lab.dial(&device).connect("pump").await;
    newer.ends().await;
    assert!(third.is_alive().await);
    assert_eq!(lab.clients.len(), 1);
}

#[tokio::test]
async fn silence_beyond_the_keep_alive_ends_a_connection_and_speaking_prolongs_it() {
    let lab = Lab::with(impatient()).await;
    let device = lab.device(EVERYTHING).await;
    let begin = Instant::now();
    let mut silent = lab.dial(&device).connect("silent").await;
    let mut speaking = lab.dial(&device).connect("speaking").await;
    let mut receiving = lab.dial(&device).connect("receiving").await;
    receiving.subscribe("#", AtMostOnce).await;
    let end = async {
        silent.ends().await;
        begin.elapsed()
    };
    tokio::pin!(end);
    let lasted = loop {
        tokio::select! {
            lasted = &mut end => break lasted,
            alive = speaking.is_alive() => assert!(alive),
        }
    };
    assert!(lasted >= Duration::from_millis(1_500), "{lasted:?}");
    assert!(speaking.is_alive().await);
    // What a client is sent does not prolong its life.
    let ended = async { while receiving.next().await.is_some() {} };
    tokio::pin!(ended);
    loop {
        tokio::select! {
            () = &mut ended => break,
            () = speaking.publish_qos_0("a", b"x") => assert!(speaking.is_alive().await),
        }
    }
    lab.until_connected(1).await;
}

fn impatient() -> Config {
    let mut config = Config::default();
    config.mqtt.keep_alive = KeepAlive {
        minimum_seconds: 1,
        maximum_seconds: 1,
    };
    config
}

#[tokio::test]
async fn a_client_that_shakes_hands_and_says_nothing_is_cut_and_a_slow_one_is_heard() {
    let mut config = Config::default();
    config.mqtt.connect_timeout_ms = 1_500;
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut silent = lab.dial(&device).tls().await.unwrap();
    let mut endless = lab.dial(&device).tls().await.unwrap();
    let connect = super::wire::written(&Packet::Connect(Box::new(connect("slow"))));
    let mut slow = lab.dial(&device).tls().await.unwrap();
    for byte in &connect[..] {
        slow.bytes(&[*byte]).await;
    }
    assert!(matches!(slow.next().await, Some(Packet::ConnAck(_))));
    // A byte now and then does not move the deadline.
    let end = silent.ends();
    tokio::pin!(end);
    let mut bytes = connect.iter().cycle();
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    endless.bytes(&[0x10, 0xff, 0xff, 0x02]).await;
    loop {
        tokio::select! {
            () = &mut end => break,
            _ = ticks.tick() => endless.bytes(&[*bytes.next().unwrap()]).await,
        }
    }
    endless.ends().await;
    assert!(slow.is_alive().await);
}

#[tokio::test]
async fn disconnect_and_every_other_end_give_back_the_client_id() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let dial = async || {
        let mut wire = lab.dial(&device).connect("pump").await;
        wire.subscribe("#", AtMostOnce).await;
        wire
    };
    let mut polite: Wire = dial().await;
    polite.send(&Packet::Disconnect(Disconnect::default())).await;
    polite.ends().await;
    lab.until_connected(0).await;
    let mut half_closed = dial().await;
    half_closed.stream.shutdown().await.unwrap();
    half_closed.ends().await;
    lab.until_connected(0).await;
    let mut rudely_half_closed = dial().await;
    rudely_half_closed.stream.get_mut().0.shutdown().await.unwrap();
    rudely_half_closed.ends().await;
    lab.until_connected(0).await;
    drop(dial().await);
    lab.until_connected(0).await;
    let reset = dial().await;
    reset.stream.get_ref().0.set_zero_linger().unwrap();
    drop(reset);
    lab.until_connected(0).await;
}

#[tokio::test]
async fn a_gateway_that_ends_closes_every_connection() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut connected = lab.dial(&device).connect("pump").await;
    let mut waiting = lab.dial(&device).tls().await.unwrap();
    let mut silent = tokio::net::TcpStream::connect(lab.address).await.unwrap();
    assert!(connected.is_alive().await);
    let address = lab.address;
    lab.stop().await;
    connected.ends().await;
    waiting.ends().await;
    let read = tokio::io::AsyncReadExt::read(&mut silent, &mut [0]).await;
    assert!(matches!(read, Ok(0) | Err(_)));
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
