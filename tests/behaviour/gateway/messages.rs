//! Messages from one client to others: who gets them, and how.

use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce, ExactlyOnce};
use thingsmith_mqtt::{Disconnect, Packet, PubAck, PublishQos};

use super::lab::{EVERYTHING, Lab, allow};
use super::wire::{REFUSED, id, publish, subscription, written};

#[tokio::test]
async fn a_message_has_the_lesser_quality_of_both_sides() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let mut receiver = lab.dial(&device).connect("receiver").await;
    for (asked, sent) in [
        (AtMostOnce, AtMostOnce),
        (AtMostOnce, AtLeastOnce),
        (AtLeastOnce, AtMostOnce),
        (AtLeastOnce, AtLeastOnce),
    ] {
        assert_eq!(receiver.subscribe("a/b", asked).await, Granted(asked));
        match sent {
            AtMostOnce => sender.publish_qos_0("a/b", b"x").await,
            _ => assert!(sender.publish("a/b", b"x").await),
        }
        let expected = ("a/b".to_owned(), b"x".to_vec(), asked.min(sent));
        assert_eq!(receiver.message().await, expected);
    }
}

#[tokio::test]
async fn a_filter_gets_what_it_matches_in_the_order_sent() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    for (filter, wanted, unwanted) in [
        (
            "sensor/#",
            &["sensor/", "sensor/a", "sensor/a/b/c"][..],
            &["sensor", "sensors/a", "Sensor/a"][..],
        ),
        ("sensor/+", &["sensor/", "sensor/a"], &["sensor", "sensor/a/b"]),
        ("+", &["sensor"], &["sensor/a", "/sensor"]),
        ("+/+", &["/sensor", "a/b"], &["a", "a/b/c"]),
        ("#", &["a", "/", "a/b"], &[]),
        ("a//b", &["a//b"], &["a/b", "a/x/b"]),
        ("*", &["*"], &["a"]),
    ] {
        let mut receiver = lab.dial(&device).connect("receiver").await;
        assert_eq!(receiver.subscribe(filter, AtMostOnce).await, Granted(AtMostOnce));
        for topic in unwanted.iter().chain(wanted) {
            assert!(sender.publish(topic, b"").await);
        }
        for topic in wanted {
            assert_eq!(receiver.message().await.0, *topic, "{filter}");
        }
        assert!(receiver.is_alive().await);
    }
}

#[tokio::test]
async fn overlapping_subscriptions_deliver_once_each_and_the_same_one_replaces() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut both = lab.dial(&device).connect("both").await;
    let filters = [("a/#", AtMostOnce), ("a/+", AtLeastOnce), ("a/+", AtMostOnce)];
    let grants = [Granted(AtMostOnce), Granted(AtLeastOnce), Granted(AtMostOnce)];
    assert_eq!(both.subscribe_all(&filters).await, grants);
    both.publish_qos_0("a/b", b"1").await;
    both.publish_qos_0("end", b"").await;
    both.publish_qos_0("a/b", b"2").await;
    let mut payloads = Vec::new();
    for _ in 0..4 {
        let (_, payload, qos) = both.message().await;
        assert_eq!(qos, AtMostOnce);
        payloads.push(payload[0]);
    }
    payloads.sort_unstable();
    assert_eq!(payloads, *b"1122");
    both.unsubscribe("a/+").await;
    both.publish_qos_0("a/b", b"3").await;
    assert_eq!(both.text().await, "3");
    both.unsubscribe("a/#").await;
    both.unsubscribe("never/subscribed").await;
    both.subscribe("end", AtMostOnce).await;
    both.publish_qos_0("a/b", b"4").await;
    both.publish_qos_0("end", b"5").await;
    assert_eq!(both.text().await, "5");
}

#[tokio::test]
async fn members_of_a_shared_subscription_share_and_need_leave_for_it_as_written() {
    let lab = Lab::start().await;
    let all = [
        ("Connect", "client/*"),
        ("Receive", "topic/*"),
        ("Publish", "topic/*"),
    ];
    let filters = [
        ("Subscribe", "topicfilter/$share/g/a/+"),
        ("Subscribe", "topicfilter/end"),
    ];
    let shared = allow(&[&all[..], &filters].concat());
    let plain = allow(&[&all[..], &[("Subscribe", "topicfilter/a/+")]].concat());
    let (shared, plain) = (lab.device(&shared).await, lab.device(&plain).await);
    let mut outsider = lab.dial(&plain).connect("outsider").await;
    assert_eq!(outsider.subscribe("$share/g/a/+", AtMostOnce).await, REFUSED);
    assert_eq!(outsider.subscribe("a/+", AtMostOnce).await, Granted(AtMostOnce));
    let mut members = Vec::new();
    for client_id in ["first", "second"] {
        let mut member = lab.dial(&shared).connect(client_id).await;
        assert_eq!(member.subscribe("a/+", AtMostOnce).await, REFUSED);
        for filter in ["$share/g/a/+", "end"] {
            assert_eq!(member.subscribe(filter, AtMostOnce).await, Granted(AtMostOnce));
        }
        members.push(member);
    }
    for number in 0..10u8 {
        outsider.publish_qos_0("a/b", &[number]).await;
        assert_eq!(
            outsider.message().await.1,
            [number],
            "an ordinary subscription gets all of them"
        );
    }
    outsider.publish_qos_0("end", b"").await;
    let mut counts = Vec::new();
    for member in &mut members {
        let mut count = 0;
        while member.message().await.0 != "end" {
            count += 1;
        }
        counts.push(count);
    }
    assert_eq!(counts.iter().sum::<usize>(), 10);
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

#[tokio::test]
async fn a_fifty_first_subscription_is_refused() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut greedy = lab.dial(&device).connect("greedy").await;
    for number in 0..50 {
        let granted = greedy.subscribe(&format!("topic/{number}"), AtMostOnce).await;
        assert_eq!(granted, Granted(AtMostOnce), "{number}");
    }
    assert_eq!(greedy.subscribe("topic/50", AtMostOnce).await, REFUSED);
    assert_eq!(
        greedy.subscribe("topic/49", AtLeastOnce).await,
        Granted(AtLeastOnce),
        "it has this one"
    );
    greedy.unsubscribe("topic/0").await;
    assert_eq!(
        greedy.subscribe("topic/50", AtMostOnce).await,
        Granted(AtMostOnce)
    );
    assert_eq!(greedy.subscribe("topic/51", AtMostOnce).await, REFUSED);
}

#[tokio::test]
async fn a_payload_has_128_kib_and_not_a_byte_more() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut receiver = lab.dial(&device).connect("receiver").await;
    receiver.subscribe("a", AtLeastOnce).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let largest: Vec<u8> = (0..128 * 1024).map(|byte| byte as u8).collect();
    assert!(sender.publish("a", &largest).await);
    let (_, payload, _) = receiver.message().await;
    assert!(payload == largest);
    assert!(!sender.publish("a", &[&largest[..], b"x"].concat()).await);
    let mut sender = lab.dial(&device).connect("sender").await;
    assert!(sender.publish("a", b"").await);
    assert_eq!(receiver.message().await.1, b"");
}

#[tokio::test]
async fn a_topic_has_256_bytes_and_8_levels_and_not_more() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let longest = "t".repeat(256);
    for (within, beyond) in [
        (longest.clone(), format!("{longest}t")),
        ("1/2/3/4/5/6/7/8".into(), "1/2/3/4/5/6/7/8/9".into()),
    ] {
        let mut wire = lab.dial(&device).connect("both").await;
        assert_eq!(wire.subscribe(&within, AtMostOnce).await, Granted(AtMostOnce));
        wire.publish_qos_0(&within, b"x").await;
        assert_eq!(wire.message().await.0, within);
        assert!(!wire.publish(&beyond, b"x").await, "{beyond}");
        let mut wire = lab.dial(&device).connect("both").await;
        wire.send(&subscription(&beyond)).await;
        wire.ends().await;
    }
}

#[tokio::test]
async fn quality_2_is_not_spoken() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut wire = lab.dial(&device).connect("both").await;
    let filters = [("a", ExactlyOnce), ("b", AtLeastOnce), ("c", ExactlyOnce)];
    let grants = [REFUSED, Granted(AtLeastOnce), REFUSED];
    assert_eq!(wire.subscribe_all(&filters).await, grants);
    assert_eq!(wire.subscribe("a", ExactlyOnce).await, REFUSED);
    for topic in ["a", "c", "b"] {
        wire.publish_qos_0(topic, b"").await;
    }
    assert_eq!(wire.message().await.0, "b");
    let mut witness = lab.dial(&device).connect("witness").await;
    witness.subscribe("#", AtMostOnce).await;
    wire.send(&publish("b", b"2", PublishQos::ExactlyOnce(id(1))))
        .await;
    wire.ends().await;
    witness.publish_qos_0("b", b"0").await;
    assert_eq!(witness.text().await, "0", "it went to nobody");
}

#[tokio::test]
async fn many_packets_in_one_breath_are_answered_in_their_order() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut wire = lab.dial(&device).connect("both").await;
    let mut breath = Vec::new();
    for number in 1..=1_000 {
        breath.extend(written(&publish("a", b"", PublishQos::AtLeastOnce(id(number)))));
        if number % 10 == 0 {
            breath.extend(written(&Packet::PingReq));
        }
    }
    wire.bytes(&breath).await;
    for number in 1..=1_000 {
        assert_eq!(
            wire.next().await,
            Some(Packet::PubAck(PubAck::success(id(number))))
        );
        if number % 10 == 0 {
            assert_eq!(wire.next().await, Some(Packet::PingResp));
        }
    }
    // A device may publish and leave in one breath.
    let mut witness = lab.dial(&device).connect("witness").await;
    witness.subscribe("last/#", AtMostOnce).await;
    let mut breath = Vec::new();
    for number in 0..200 {
        breath.extend(written(&publish(
            &format!("last/{number}"),
            b"",
            PublishQos::AtMostOnce,
        )));
    }
    breath.extend(written(&Packet::Disconnect(Disconnect::default())));
    wire.bytes(&breath).await;
    wire.ends().await;
    for number in 0..200 {
        assert_eq!(witness.message().await.0, format!("last/{number}"));
    }
}
