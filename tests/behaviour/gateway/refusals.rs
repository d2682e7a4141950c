//! What a connected client may not do, and what it is told.

use serde_json::Value;
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};

use super::lab::{EVERYTHING, Lab, allow, policy};
use super::wire::REFUSED;

#[tokio::test]
async fn a_publish_that_is_not_allowed_closes_the_connection_and_reaches_nobody() {
    let lab = Lab::start().await;
    let everything = lab.device(EVERYTHING).await;
    let mut witness = lab.dial(&everything).connect("witness").await;
    witness.subscribe("#", AtMostOnce).await;
    let document = allow(&[
        ("Connect", "client/*"),
        ("Publish", "topic/${iot:ClientId}/state"),
    ]);
    let device = lab.device(&document).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    assert!(pump.publish("pump/state", b"allowed").await);
    assert_eq!(witness.text().await, "allowed");
    for topic in ["valve/state", "pump/state/x", "pump", "Pump/state"] {
        let mut pump = lab.dial(&device).connect("pump").await;
        assert!(!pump.publish(topic, b"denied").await, "{topic}");
        let mut pump = lab.dial(&device).connect("pump").await;
        pump.publish_qos_0(topic, b"denied").await;
        pump.ends().await;
    }
    let mut pump = lab.dial(&device).connect("pump").await;
    assert!(pump.publish("pump/state", b"allowed again").await);
    assert_eq!(witness.text().await, "allowed again", "nothing came in between");
}

#[tokio::test]
async fn a_subscription_is_matched_as_it_is_written() {
    let lab = Lab::start().await;
    let all = [
        ("Connect", "client/*"),
        ("Receive", "topic/*"),
        ("Publish", "topic/*"),
    ];
    for (allowed, granted, refused) in [
        ("a/+/b", &["a/+/b"][..], &["a/x/b", "a/#", "a/+/c", "#"][..]),
        ("a/*/b", &["a/+/b", "a/x/b", "a/x/y/b"], &["a/#", "a/b"]),
        ("a/x/b", &["a/x/b"], &["a/+/b", "a/x/#"]),
        ("#", &["#"], &["a", "+"]),
        ("*", &["#", "a", "+/a"], &[]),
        ("a/?", &["a/+", "a/#", "a/b"], &["a/bc"]),
    ] {
        let resource = format!("topicfilter/{allowed}");
        let document = allow(&[&all[..], &[("Subscribe", &resource)]].concat());
        let device = lab.device(&document).await;
        let mut wire = lab.dial(&device).connect("pump").await;
        for filter in granted {
            assert_eq!(
                wire.subscribe(filter, AtMostOnce).await,
                Granted(AtMostOnce),
                "{allowed} {filter}"
            );
        }
        for filter in refused {
            assert_eq!(
                wire.subscribe(filter, AtMostOnce).await,
                REFUSED,
                "{allowed} {filter}"
            );
        }
    }
    // Each filter of a SUBSCRIBE has its own answer, and a refused one gets nothing.
    let document = allow(&[&all[..], &[("Subscribe", "topicfilter/mine")]].concat());
    let device = lab.device(&document).await;
    let mut wire = lab.dial(&device).connect("pump").await;
    let filters = [("other", AtLeastOnce), ("mine", AtLeastOnce)];
    assert_eq!(
        wire.subscribe_all(&filters).await,
        [REFUSED, Granted(AtLeastOnce)]
    );
    wire.publish_qos_0("other", b"").await;
    wire.publish_qos_0("mine", b"").await;
    assert_eq!(wire.message().await.0, "mine");
}

#[tokio::test]
async fn what_may_not_be_received_is_left_out_and_the_next_message_comes() {
    let lab = Lab::start().await;
    let document = allow(&[
        ("Connect", "client/*"),
        ("Subscribe", "topicfilter/#"),
        ("Publish", "topic/*"),
        ("Receive", "topic/*/public"),
    ]);
    let device = lab.device(&document).await;
    let mut wire = lab.dial(&device).connect("pump").await;
    wire.subscribe("#", AtLeastOnce).await;
    for (topic, payload) in [
        ("a/secret", "1"),
        ("a/public", "2"),
        ("b/secret", "3"),
        ("b/public", "4"),
    ] {
        wire.publish_qos_0(topic, payload.as_bytes()).await;
    }
    assert_eq!(wire.text().await, "2");
    assert_eq!(wire.text().await, "4");
    // A Deny of Receive beats the Allow.
    lab.attach(&device, &policy(&[("Deny", "Receive", "topic/a/*", Value::Null)]))
        .await;
    lab.advance(std::time::Duration::from_secs(1));
    wire.publish_qos_0("a/public", b"5").await;
    wire.publish_qos_0("b/public", b"6").await;
    assert_eq!(wire.text().await, "6");
}

#[tokio::test]
async fn topics_of_the_server_are_closed() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    for topic in ["$aws/rules/ingest", "$aws/other/x", "$SYS/x", "$x", "$"] {
        let mut wire = lab.dial(&device).connect("pump").await;
        assert_eq!(wire.subscribe(topic, AtMostOnce).await, REFUSED, "{topic}");
        assert_eq!(
            wire.subscribe(&format!("$share/g/{topic}"), AtMostOnce).await,
            REFUSED,
            "{topic}"
        );
        assert!(!wire.publish(topic, b"").await, "{topic}");
    }
    let mut wire = lab.dial(&device).connect("pump").await;
    for filter in ["$aws/#", "$share/g/$aws/+"] {
        assert_eq!(wire.subscribe(filter, AtMostOnce).await, REFUSED, "{filter}");
    }
    // A dollar sign elsewhere is a character like any other.
    assert_eq!(wire.subscribe("a/$b", AtMostOnce).await, Granted(AtMostOnce));
    assert!(wire.publish("x/$aws", b"").await);
}
