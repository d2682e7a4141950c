//! Sessions that outlive their connections.

use std::time::Duration;

use thingsmith_core::messages;
use thingsmith_gateway::Config;
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{Connect, Disconnect, Packet, PubAck, ReasonCode};
use thingsmith_testkit::Engine;

use super::lab::{Device, EVERYTHING, Lab, allow};
use super::wire::{Wire, connect, connect_5, persistent};

async fn back(lab: &Lab, device: &Device, client_id: &str) -> (Wire, bool) {
    lab.dial(device).open(persistent(client_id)).await.unwrap()
}

async fn leave(wire: &mut Wire) {
    wire.send(&Packet::Disconnect(Disconnect::default())).await;
    wire.ends().await;
}

#[tokio::test]
async fn what_was_published_meanwhile_comes_in_order_and_once_it_is_acknowledged_no_more() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let device = lab.device(EVERYTHING).await;
        let mut sender = lab.dial(&device).connect("sender").await;
        let (mut pump, present) = back(&lab, &device, "pump").await;
        assert!(!present);
        assert_eq!(pump.subscribe("a/#", AtLeastOnce).await, Granted(AtLeastOnce));
        assert_eq!(pump.subscribe("b", AtMostOnce).await, Granted(AtMostOnce));
        assert_eq!(pump.subscribe("c", AtLeastOnce).await, Granted(AtLeastOnce));
        pump.unsubscribe("c").await;
        // Connected, it is a subscriber like any other.
        assert!(sender.publish("a/0", b"live").await);
        assert_eq!(pump.text().await, "live");
        sender.publish_qos_0("a/0", b"live too").await;
        assert_eq!(pump.message().await.2, AtMostOnce);
        leave(&mut pump).await;
        lab.until_connected(1).await;
        for number in 0..150 {
            assert!(sender.publish("a/1", format!("{number}").as_bytes()).await);
        }
        sender.publish_qos_0("a/1", b"quality 0 does not wait").await;
        assert!(sender.publish("b", b"nor for a subscription of quality 0").await);
        assert!(sender.publish("c", b"nor without one").await);
        let (mut pump, present) = back(&lab, &device, "pump").await;
        assert!(present);
        for number in 0..140 {
            let (topic, payload, qos) = pump.message().await;
            assert_eq!((topic.as_str(), qos), ("a/1", AtLeastOnce));
            assert_eq!(payload, format!("{number}").as_bytes());
        }
        // What is not acknowledged comes again.
        for number in 140..145 {
            assert_eq!(
                &pump.delivery().await.message.payload[..],
                format!("{number}").as_bytes()
            );
        }
        assert!(sender.publish("a/1", b"last").await);
        let mut third = back(&lab, &device, "pump").await.0;
        for number in 140..150 {
            assert_eq!(third.text().await, format!("{number}"));
        }
        assert_eq!(third.text().await, "last");
        assert!(third.is_alive().await);
        leave(&mut third).await;
        lab.until_connected(1).await;
        let (mut pump, present) = back(&lab, &device, "pump").await;
        assert!(present && pump.is_alive().await, "all of it is acknowledged");
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_clean_session_ends_the_one_before_and_so_does_its_time() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let device = lab.device(EVERYTHING).await;
        let mut sender = lab.dial(&device).connect("sender").await;
        for end in ["clean", "time", "swept"] {
            let (mut pump, present) = back(&lab, &device, "pump").await;
            assert!(!present, "{end}");
            pump.subscribe("a", AtLeastOnce).await;
            leave(&mut pump).await;
            lab.until_connected(1).await;
            assert!(sender.publish("a", b"waits").await);
            match end {
                "clean" => {
                    let (mut clean, present) = lab.dial(&device).open(connect("pump")).await.unwrap();
                    assert!(!present);
                    assert!(sender.publish("a", b"for nobody").await);
                    assert!(clean.is_alive().await);
                    leave(&mut clean).await;
                }
                _ => {
                    lab.advance(Duration::from_secs(3_599));
                    messages::sweep(&lab.server.deeds).await.unwrap();
                    let (mut pump, present) = back(&lab, &device, "pump").await;
                    assert!(present, "its hour begins when it leaves");
                    assert_eq!(pump.text().await, "waits");
                    leave(&mut pump).await;
                    lab.until_connected(1).await;
                    lab.advance(Duration::from_secs(3_600));
                    if end == "swept" {
                        messages::sweep(&lab.server.deeds).await.unwrap();
                        assert!(lab.server.deeds.sessions().is_empty());
                    }
                }
            }
            lab.until_connected(1).await;
        }
        let (mut pump, present) = back(&lab, &device, "pump").await;
        assert!(!present && pump.is_alive().await);
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_connected_session_lives_as_long_as_its_connection() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let mut pump = back(&lab, &device, "pump").await.0;
    pump.subscribe("a", AtLeastOnce).await;
    for _ in 0..3 {
        lab.advance(Duration::from_secs(10_000));
        messages::sweep(&lab.server.deeds).await.unwrap();
        assert!(sender.publish("a", b"x").await);
        assert_eq!(pump.text().await, "x");
    }
    // A takeover resumes it.
    let (mut second, present) = back(&lab, &device, "pump").await;
    assert!(present);
    pump.ends().await;
    assert!(sender.publish("a", b"y").await);
    assert_eq!(second.text().await, "y");
}

#[tokio::test]
async fn deliveries_are_authorized_for_whoever_is_connected_then() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let others = allow(&[
        ("Connect", "client/*"),
        ("Subscribe", "topicfilter/*"),
        ("Receive", "topic/b"),
    ]);
    let other = lab.device(&others).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let mut pump = back(&lab, &device, "pump").await.0;
    pump.subscribe("a", AtLeastOnce).await;
    pump.subscribe("b", AtLeastOnce).await;
    leave(&mut pump).await;
    lab.until_connected(1).await;
    assert!(sender.publish("a", b"secret").await);
    assert!(sender.publish("b", b"for all").await);
    let (mut stranger, present) = back(&lab, &other, "pump").await;
    assert!(present);
    assert_eq!(stranger.text().await, "for all");
    assert!(stranger.is_alive().await);
}

#[tokio::test]
async fn a_client_of_mqtt_5_says_how_long_its_session_lives() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let asking = |seconds: u32, clean_session: bool| {
        let mut connect = Connect {
            clean_session,
            ..connect_5("pump")
        };
        connect.properties.session_expiry_seconds = seconds;
        connect
    };
    let open = async |seconds, clean| lab.dial(&device).open(asking(seconds, clean)).await.unwrap();
    let (mut pump, present) = open(100, true).await;
    assert!(!present);
    pump.subscribe("a", AtLeastOnce).await;
    drop(pump);
    lab.until_connected(0).await;
    lab.advance(Duration::from_secs(99));
    let (pump, present) = open(100, false).await;
    assert!(present);
    drop(pump);
    lab.until_connected(0).await;
    lab.advance(Duration::from_secs(101));
    let (mut pump, present) = open(100, false).await;
    assert!(!present);
    // It may change its mind when it leaves.
    pump.send(&Packet::Disconnect(Disconnect {
        session_expiry_seconds: Some(0),
        ..Disconnect::new(ReasonCode::Success)
    }))
    .await;
    pump.ends().await;
    lab.until_connected(0).await;
    let (mut pump, present) = open(0, false).await;
    assert!(!present);
    leave(&mut pump).await;
}

#[tokio::test]
async fn a_client_that_acknowledges_nothing_gets_no_more_than_it_can_hold() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let mut pump = back(&lab, &device, "pump").await.0;
    pump.subscribe("a", AtLeastOnce).await;
    for number in 0..100 {
        assert!(sender.publish("a", format!("{number}").as_bytes()).await);
    }
    let mut held = Vec::new();
    for number in 0..64 {
        let publish = pump.delivery().await;
        assert_eq!(&publish.message.payload[..], format!("{number}").as_bytes());
        held.push(publish.qos.packet_id().unwrap());
    }
    assert!(pump.is_alive().await);
    for id in held {
        pump.send(&Packet::PubAck(PubAck::success(id))).await;
    }
    for number in 64..100 {
        assert_eq!(pump.text().await, format!("{number}"));
    }
}

#[tokio::test]
async fn what_expired_while_it_waited_does_not_come() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let device = lab.device(EVERYTHING).await;
        let (mut pump, _) = back(&lab, &device, "pump").await;
        pump.subscribe("a", AtLeastOnce).await;
        leave(&mut pump).await;
        lab.until_connected(0).await;
        let data = lab.server.administrator().service("iotdata");
        for (payload, query) in [
            ("brief", "&messageExpiry=10"),
            ("long", "&messageExpiry=20"),
            ("for ever", ""),
        ] {
            let target = format!("/topics/a?qos=1{query}");
            let reply = data.send("POST", &target, &[], payload.as_bytes()).await;
            assert_eq!(reply.status, 200, "{reply}");
        }
        lab.advance(Duration::from_secs(10));
        let (mut pump, present) = back(&lab, &device, "pump").await;
        assert!(present);
        for payload in ["long", "for ever"] {
            assert_eq!(pump.text().await, payload);
        }
        assert!(pump.is_alive().await);
        lab.stop().await;
    }
}
