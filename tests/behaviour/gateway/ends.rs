//! How connections end, as their lifecycle events tell it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use thingsmith_core::messages::{Deliveries, QueueLimits, Subscriber};
use thingsmith_gateway::Config;
use thingsmith_mqtt::{KeepAlive, Packet, SubscriptionOptions, TopicFilter, TopicLimits};
use thingsmith_mqtt::{PublishQos, Qos};
use thingsmith_testkit::Engine;
use tokio::time::timeout;

use super::hostile::Healthy;
use super::lab::{EVERYTHING, Lab, PATIENCE, allow};
use super::slow::narrow;
use super::wire::{id, publish};
use super::wsock;

/// Somebody who hears of ends also after the gateway has ended.
struct Ends {
    _subscriber: Subscriber,
    queue: Deliveries,
}

impl Ends {
    fn of(lab: &Lab) -> Self {
        let router = lab.server.deeds.router();
        let (subscriber, queue) = router.subscriber(QueueLimits {
            messages: 64,
            bytes: 1_000_000,
        });
        let filter = "$aws/events/presence/disconnected/pump";
        let filter = TopicFilter::parse(filter, &TopicLimits::default()).unwrap();
        let options = SubscriptionOptions::default();
        router.subscribe(lab.realm.realm, &subscriber, &filter, Qos::AtLeastOnce, options);
        Self {
            _subscriber: subscriber,
            queue,
        }
    }

    /// The reason of the next end, which no client began.
    async fn next(&mut self) -> String {
        timeout(PATIENCE, self.queue.ready()).await.unwrap();
        let delivery = self.queue.try_next().unwrap();
        let body: Value = serde_json::from_slice(&delivery.message.payload).unwrap();
        assert_eq!(body["clientInitiatedDisconnect"], false, "{body}");
        body["disconnectReason"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn every_end_is_told_with_its_reason() {
    let mut config = Config {
        write_patience: Duration::from_millis(500),
        ..Config::default()
    };
    config.mqtt.keep_alive = KeepAlive {
        minimum_seconds: 1,
        maximum_seconds: 1_200,
    };
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut ends = Ends::of(&lab);

    for broken in [
        Packet::PingResp,
        publish("a", b"x", PublishQos::ExactlyOnce(id(1))),
    ] {
        let mut pump = lab.dial(&device).connect("pump").await;
        pump.send(&broken).await;
        assert_eq!(ends.next().await, "CLIENT_ERROR", "{broken:?}");
    }

    let silent = thingsmith_mqtt::Connect {
        keep_alive_seconds: 1,
        ..super::wire::connect("pump")
    };
    let _silent = lab.dial(&device).open(silent).await.unwrap();
    assert_eq!(ends.next().await, "MQTT_KEEP_ALIVE_TIMEOUT");

    let mut stuck = narrow(&lab, &device, "pump").await;
    stuck.subscribe("large", Qos::AtMostOnce).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let reason = {
        let end = ends.next();
        tokio::pin!(end);
        loop {
            tokio::select! {
                reason = &mut end => break reason,
                sent = sender.publish("large", &[0; 100_000]) => assert!(sent),
            }
        }
    };
    assert_eq!(reason, "CONNECTION_LOST", "it takes nothing");

    let limited = lab.device(&allow(&[("Connect", "client/*")])).await;
    let mut pump = lab.dial(&limited).connect("pump").await;
    pump.publish_qos_0("a", b"x").await;
    assert_eq!(ends.next().await, "FORBIDDEN_ACCESS");

    let first = lab.dial(&device).connect("pump").await;
    let second = lab.dial(&device).connect("pump").await;
    assert_eq!(ends.next().await, "DUPLICATE_CLIENTID");
    drop((first, second));
    assert_eq!(ends.next().await, "CONNECTION_LOST");

    let _last = lab.dial(&device).connect("pump").await;
    let deeds = Arc::clone(&lab.server.deeds);
    lab.stop().await;
    assert_eq!(ends.next().await, "SERVER_INITIATED_DISCONNECT");
    drop(deeds);
}

#[tokio::test]
async fn a_peer_that_is_half_open_is_ended_on_every_door() {
    let mut config = Config {
        https_patience: Duration::from_secs(3),
        ..Config::default()
    };
    config.mqtt.connect_timeout_ms = 3_000;
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = Healthy::connect(&lab, &device).await;
    // Each says the beginning of something and then nothing: no packet, no end.
    let beginnings = [
        (lab.address, &b""[..]),
        (lab.address, b"\x10\x0d\0\x04MQTT"),
        (lab.https, b""),
        (lab.https, b"\x10\x0d\0\x04MQTT"),
        (lab.https, b"POST /topics/a HTTP/1.1\r\nHost: "),
        (
            lab.https,
            b"POST /topics/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n",
        ),
    ];
    let all = beginnings.map(async |(door, beginning)| {
        let mut wire = lab.dial(&device).at(door).tls().await.unwrap();
        wire.bytes(beginning).await;
        wire.rest().await
    });
    let ended = futures_util::future::join_all(all).await;
    assert_eq!(
        ended
            .iter()
            .filter(|said| said.starts_with(b"HTTP/1.1 200"))
            .count(),
        1
    );
    healthy.check().await;
}

#[tokio::test]
async fn a_websocket_that_was_open_for_a_day_is_told_of() {
    let lab = wsock::lab(Engine::Sqlite, EVERYTHING).await;
    let mut ends = Ends::of(&lab);
    let target = wsock::url(&lab, &wsock::signer(&lab, "AKUSER"), None);
    let mut socket = wsock::Socket::open(wsock::nobody(&lab), &target).await;
    assert!(socket.introduce(super::wire::connect("pump")).await);
    lab.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(socket.next().await, None);
    assert_eq!(ends.next().await, "WEBSOCKET_TTL_EXPIRATION");
}
