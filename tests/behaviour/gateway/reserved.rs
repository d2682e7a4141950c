//! Topics of services that are not there: their clients are told so, and nobody gets what they send.

use thingsmith_core::decisions::Stage;
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{Packet, PubAck, PublishQos, ReasonCode};

use super::lab::{EVERYTHING, Lab, allow};
use super::wire::{REFUSED, connect_5, id, publish};

/// What a client publishes to these services, and what it hears their answers on.
const SERVICES: [(&str, &str, &str); 6] = [
    (
        "$aws/things/pump/shadow/update",
        "$aws/things/pump/shadow/update/accepted",
        "device shadows are not implemented",
    ),
    (
        "$aws/things/pump/shadow/name/lid/get",
        "$aws/things/pump/shadow/name/+/get/#",
        "device shadows are not implemented",
    ),
    (
        "$aws/things/pump/jobs/start-next",
        "$aws/things/pump/jobs/notify-next",
        "jobs are not implemented",
    ),
    (
        "$aws/things/pump/streams/1/get/json",
        "$aws/things/pump/streams/1/data/json",
        "streams are not implemented",
    ),
    (
        "$aws/things/pump/defender/metrics/json",
        "$aws/things/pump/defender/metrics/json/accepted",
        "Device Defender is not implemented",
    ),
    (
        "$aws/things/pump/tunnels/notify",
        "$aws/things/pump/tunnels/notify",
        "nothing may be published on this reserved topic",
    ),
];

#[tokio::test]
async fn what_is_sent_to_a_service_that_is_not_there_is_refused_and_reaches_nobody() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut witness = lab.dial(&device).connect("witness").await;
    assert_eq!(witness.subscribe("end", AtMostOnce).await, Granted(AtMostOnce));
    for (topic, answers, reason) in SERVICES {
        for filter in [answers, "$aws/things/pump/#"] {
            assert_eq!(witness.subscribe(filter, AtMostOnce).await, Granted(AtMostOnce));
        }
        let mut old = lab.dial(&device).connect("old").await;
        assert_eq!(old.subscribe(answers, AtMostOnce).await, Granted(AtMostOnce));
        assert!(!old.publish(topic, b"{}").await, "{topic}");
        // MQTT 5 has a word for it, and its client stays.
        let (mut new, _) = lab.dial(&device).open(connect_5("new")).await.unwrap();
        assert_eq!(new.subscribe(answers, AtLeastOnce).await, Granted(AtLeastOnce));
        new.send(&publish(topic, b"{}", PublishQos::AtLeastOnce(id(3))))
            .await;
        assert_eq!(
            new.next().await,
            Some(Packet::PubAck(PubAck::new(id(3), ReasonCode::NotAuthorized)))
        );
        assert!(new.is_alive().await);
        new.send(&publish(topic, b"{}", PublishQos::AtMostOnce)).await;
        match new.next().await {
            Some(Packet::Disconnect(told)) => assert_eq!(told.code, ReasonCode::NotAuthorized),
            other => panic!("{other:?} is no DISCONNECT"),
        }
        for client_id in ["old", "new"] {
            let seen = lab.server.deeds.decisions().about(client_id);
            let last = seen.last().unwrap();
            assert_eq!(
                (last.stage, last.resource.as_deref()),
                (Stage::Publish, Some(topic))
            );
            assert!(last.reason.contains(reason), "{}", last.reason);
        }
    }
    let mut sender = lab.dial(&device).connect("sender").await;
    sender.publish_qos_0("end", b"end").await;
    assert_eq!(witness.text().await, "end", "nothing came before it");
}

#[tokio::test]
async fn their_answers_are_heard_by_whom_policies_let_hear_them() {
    let lab = Lab::start().await;
    let document = allow(&[
        ("Connect", "client/*"),
        ("Subscribe", "topicfilter/$aws/things/${iot:ClientId}/shadow/*"),
    ]);
    let device = lab.device(&document).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    for (filter, granted) in [
        ("$aws/things/pump/shadow/update/delta", true),
        ("$share/g/$aws/things/pump/shadow/update/delta", false),
        ("$aws/things/valve/shadow/update/delta", false),
        ("$aws/things/pump/jobs/notify", false),
        ("$aws/things/+/shadow/update/delta", false),
    ] {
        let expected = match granted {
            true => Granted(AtMostOnce),
            false => REFUSED,
        };
        assert_eq!(pump.subscribe(filter, AtMostOnce).await, expected, "{filter}");
    }
}
