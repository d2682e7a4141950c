//! Retained messages.

use std::time::Duration;

use bytes::Bytes;
use thingsmith_gateway::Config;
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{Message, Packet, PublishQos, Qos, TopicLimits, TopicName};
use thingsmith_testkit::Engine;

use super::lab::{EVERYTHING, Lab, allow};
use super::wire::{Wire, id, publish};

pub(super) fn retained(topic: &str, payload: &[u8], qos: PublishQos) -> Packet {
    match publish(topic, payload, qos) {
        Packet::Publish(mut publish) => {
            publish.message.retain = true;
            Packet::Publish(publish)
        }
        other => other,
    }
}

/// Retains a message with QoS 1; false when the server closes.
async fn retain(wire: &mut Wire, topic: &str, payload: &[u8]) -> bool {
    wire.send(&retained(topic, payload, PublishQos::AtLeastOnce(id(5))))
        .await;
    matches!(wire.next().await, Some(Packet::PubAck(_)))
}

/// Subscribes, and returns what comes before an ordinary message on the topic `end`.
async fn at_subscription(
    lab: &Lab,
    wire: &mut Wire,
    filter: &str,
    qos: Qos,
) -> Vec<(String, Vec<u8>, Qos, bool)> {
    assert_eq!(wire.subscribe("end", AtMostOnce).await, Granted(AtMostOnce));
    assert_eq!(wire.subscribe(filter, qos).await, Granted(qos), "{filter}");
    let device = lab.device(EVERYTHING).await;
    let mut other = lab.dial(&device).connect("end-sender").await;
    other.publish_qos_0("end", b"").await;
    let mut came = Vec::new();
    loop {
        let publish = wire.delivery().await;
        let message = publish.message;
        if message.topic.as_str() == "end" {
            return came;
        }
        came.push((
            message.topic.to_string(),
            message.payload.to_vec(),
            publish.qos.level(),
            message.retain,
        ));
    }
}

#[tokio::test]
async fn whoever_subscribes_to_exactly_the_topic_gets_what_is_retained() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let device = lab.device(EVERYTHING).await;
        let mut present = lab.dial(&device).connect("present").await;
        present.subscribe("a/+", AtLeastOnce).await;
        let mut sender = lab.dial(&device).connect("sender").await;
        for payload in [&b"old"[..], b"new"] {
            assert!(retain(&mut sender, "a/b", payload).await);
            let delivered = present.delivery().await;
            assert!(
                !delivered.message.retain,
                "to whoever is there it is a message like any other"
            );
            assert_eq!(&delivered.message.payload[..], payload);
        }
        for (number, (filter, qos, expected)) in [
            ("a/b", AtLeastOnce, true),
            ("a/b", AtMostOnce, true),
            ("a/+", AtLeastOnce, false),
            ("a/#", AtLeastOnce, false),
            ("#", AtMostOnce, false),
            ("$share/g/a/b", AtLeastOnce, false),
            ("a", AtLeastOnce, false),
            ("A/b", AtLeastOnce, false),
        ]
        .into_iter()
        .enumerate()
        {
            let mut late = lab.dial(&device).connect(&format!("late-{number}")).await;
            let came = at_subscription(&lab, &mut late, filter, qos).await;
            let wanted = ("a/b".to_owned(), b"new".to_vec(), qos, true);
            assert_eq!(came, if expected { vec![wanted] } else { vec![] }, "{filter}");
        }
        // An empty one deletes it, and is forwarded.
        assert!(retain(&mut sender, "a/b", b"").await);
        assert_eq!(present.delivery().await.message.payload.len(), 0);
        let mut late = lab.dial(&device).connect("late").await;
        assert_eq!(at_subscription(&lab, &mut late, "a/b", AtLeastOnce).await, []);
        lab.stop().await;
    }
}

#[tokio::test]
async fn retaining_needs_leave_of_its_own_and_so_does_receiving() {
    let lab = Lab::start().await;
    let both = [
        ("Connect", "client/*"),
        ("Publish", "topic/*"),
        ("Subscribe", "topicfilter/*"),
    ];
    let may = lab
        .device(&allow(
            &[&both[..], &[("RetainPublish", "topic/kept/*")]].concat(),
        ))
        .await;
    let may_not = lab.device(&allow(&both)).await;
    let mut wire = lab.dial(&may_not).connect("one").await;
    assert!(
        wire.publish("kept/a", b"not retained").await,
        "the nearest allowed thing"
    );
    assert!(!retain(&mut wire, "kept/a", b"x").await);
    let mut wire = lab.dial(&may).connect("two").await;
    assert!(retain(&mut wire, "kept/a", b"x").await);
    assert!(!retain(&mut wire, "other/a", b"x").await);
    let mut wire = lab.dial(&may).connect("two").await;
    assert_eq!(wire.subscribe("kept/a", AtMostOnce).await, Granted(AtMostOnce));
    assert!(wire.is_alive().await, "it may not receive it, and does not");
    let device = lab.device(EVERYTHING).await;
    let mut wire = lab.dial(&device).connect("three").await;
    assert!(!retain(&mut wire, "$aws/things/a", b"x").await);
    let mut wire = lab.dial(&device).connect("three").await;
    let came = at_subscription(&lab, &mut wire, "kept/a", AtLeastOnce).await;
    assert_eq!(came.len(), 1);
    assert_eq!(at_subscription(&lab, &mut wire, "other/a", AtLeastOnce).await, []);
}

#[tokio::test]
async fn nothing_is_retained_on_reserved_topics_and_none_is_looked_for() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    // A request and Basic Ingest are taken with the flag; neither is a message that anybody gets.
    for topic in ["$aws/certificates/create-from-csr/json", "$aws/rules/none/a"] {
        let mut wire = lab.dial(&device).connect("one").await;
        assert!(retain(&mut wire, topic, b"{}").await, "{topic}");
    }
    let data = lab.server.administrator().service("iotdata");
    let ingested = data.send(
        "POST",
        "/topics/%24aws%2Frules%2Fnone%2Fb?retain=true",
        &[],
        b"{}",
    );
    assert_eq!(ingested.await.status, 200);
    let reserved = "$aws/certificates/create-from-csr/json/accepted";
    let published = data.send(
        "POST",
        "/topics/%24aws%2Fcertificates%2Fcreate%2Fjson?retain=true",
        &[],
        b"{}",
    );
    assert_eq!(published.await.exception(), "InvalidRequestException");
    let list = data.call("GET", "/retainedMessage").await;
    assert_eq!(list.json()["retainedTopics"], serde_json::json!([]), "{list}");
    // What no door lets in shows that the store is not asked, and is beside one that it is asked for.
    for topic in [reserved, "aws/certificates"] {
        let message = Message {
            topic: TopicName::parse(topic, &TopicLimits::default()).unwrap(),
            payload: Bytes::from_static(b"kept"),
            retain: true,
            properties: None,
        };
        let realm = lab.realm.realm;
        thingsmith_core::messages::retained::retain(&lab.server.deeds, realm, &message, AtLeastOnce)
            .await
            .unwrap();
    }
    let mut wire = lab.dial(&device).connect("two").await;
    assert_eq!(at_subscription(&lab, &mut wire, reserved, AtLeastOnce).await, []);
    let came = at_subscription(&lab, &mut wire, "aws/certificates", AtLeastOnce).await;
    assert_eq!(came.len(), 1);
}

#[tokio::test]
async fn a_retained_message_expires_and_the_api_sees_it_meanwhile() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let device = lab.device(EVERYTHING).await;
        let data = lab.server.administrator().service("iotdata");
        let reply = data
            .send(
                "POST",
                "/topics/a%2Fb?qos=1&retain=true&messageExpiry=10",
                &[],
                b"short",
            )
            .await;
        assert_eq!(reply.status, 200, "{reply}");
        let mut wire = lab.dial(&device).connect("late").await;
        let expected = ("a/b".to_owned(), b"short".to_vec(), AtLeastOnce, true);
        assert_eq!(
            at_subscription(&lab, &mut wire, "a/b", AtLeastOnce).await,
            [expected]
        );
        lab.advance(Duration::from_secs(10));
        assert_eq!(at_subscription(&lab, &mut wire, "a/b", AtLeastOnce).await, []);
        thingsmith_core::messages::sweep(&lab.server.deeds).await.unwrap();
        let reply = data.call("GET", "/retainedMessage/a%2Fb").await;
        assert_eq!(reply.exception(), "ResourceNotFoundException", "{reply}");
        lab.stop().await;
    }
}
