//! Shared subscriptions: `$share/GROUP/FILTER`. Each message goes to one member of a group.

use std::time::Duration;

use thingsmith_core::decisions::Stage;
use thingsmith_gateway::Config;
use thingsmith_mqtt::Grant::{self, Granted};
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{
    Connect, Disconnect, Packet, Qos, ReasonCode, Subscribe, SubscribeProperties, Subscription,
    SubscriptionOptions, TopicFilter, TopicLimits,
};
use thingsmith_testkit::Engine;

use super::lab::{Device, EVERYTHING, Lab, allow, endpoint, params};
use super::slow::{LARGE, narrow};
use super::wire::{Dial, REFUSED, Wire, connect, connect_5, id, persistent};

/// A member of a group, which also hears a topic of its own: what comes before that is all that came.
struct Member {
    wire: Wire,
    end: String,
}

impl Member {
    async fn join(lab: &Lab, device: &Device, client_id: &str, filter: &str, qos: Qos) -> Self {
        Self::join_as(lab.dial(device), connect(client_id), filter, qos).await
    }

    async fn join_as(dial: Dial<'_>, connect: Connect, filter: &str, qos: Qos) -> Self {
        let end = format!("end/{}", connect.client_id);
        let (mut wire, _) = dial.open(connect).await.unwrap();
        assert_eq!(wire.subscribe(filter, qos).await, Granted(qos));
        assert_eq!(wire.subscribe(&end, AtMostOnce).await, Granted(AtMostOnce));
        Self { wire, end }
    }

    /// Comes back to a session that was kept.
    async fn come_back(lab: &Lab, device: &Device, client_id: &str) -> Self {
        let (wire, present) = lab.dial(device).open(persistent(client_id)).await.unwrap();
        assert!(present);
        let end = format!("end/{client_id}");
        Self { wire, end }
    }

    /// The texts of all messages that came.
    async fn texts(&mut self) -> Vec<String> {
        self.wire.publish_qos_0(&self.end, b"").await;
        let mut texts = Vec::new();
        loop {
            let (topic, payload, _) = self.wire.message().await;
            if topic == self.end {
                return texts;
            }
            texts.push(String::from_utf8(payload).unwrap());
        }
    }

    async fn leave(mut self) {
        self.wire.send(&Packet::Disconnect(Disconnect::default())).await;
        self.wire.ends().await;
    }
}

#[tokio::test]
async fn each_group_gets_a_message_once_with_the_lesser_quality_of_service() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let mut one = Member::join(&lab, &device, "one", "$share/g/a/+", AtLeastOnce).await;
    let mut zero = Member::join(&lab, &device, "zero", "$share/g/a/+", AtMostOnce).await;
    // Another name, another filter, and no group at all: none of them shares with the others.
    let mut other = Member::join(&lab, &device, "other", "$share/h/a/+", AtLeastOnce).await;
    let mut wider = Member::join(&lab, &device, "wider", "$share/g/a/#", AtLeastOnce).await;
    let mut alone = Member::join(&lab, &device, "alone", "a/+", AtLeastOnce).await;
    for number in 0..10 {
        assert!(sender.publish("a/b", format!("{number}").as_bytes()).await);
    }
    let expected: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    for all in [&mut other, &mut wider, &mut alone] {
        assert_eq!(all.texts().await, expected);
    }
    let mut numbers = Vec::new();
    for (some, qos) in [(&mut one, AtLeastOnce), (&mut zero, AtMostOnce)] {
        for _ in 0..5 {
            let (_, payload, its) = some.wire.message().await;
            assert_eq!(its, qos, "one message after the other goes around");
            numbers.push(String::from_utf8(payload).unwrap());
        }
        assert!(some.texts().await.is_empty());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, expected);
    // A client that is in a group and subscribes by itself gets its own besides.
    assert_eq!(one.wire.subscribe("a/b", AtMostOnce).await, Granted(AtMostOnce));
    zero.wire.unsubscribe("$share/g/a/+").await;
    assert!(sender.publish("a/b", b"both").await);
    assert_eq!(one.texts().await, ["both", "both"]);
    assert!(zero.texts().await.is_empty());
}

#[tokio::test]
async fn whoever_leaves_a_group_leaves_everything_to_the_others() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let filter = "$share/g/a";
    let mut first = Member::join(&lab, &device, "first", filter, AtLeastOnce).await;
    let lost = Member::join(&lab, &device, "lost", filter, AtLeastOnce).await;
    let polite = Member::join(&lab, &device, "polite", filter, AtLeastOnce).await;
    drop(lost);
    polite.leave().await;
    lab.until_connected(2).await;
    for number in 0..6 {
        assert!(sender.publish("a", format!("{number}").as_bytes()).await);
    }
    assert_eq!(first.texts().await, ["0", "1", "2", "3", "4", "5"]);
    first.wire.unsubscribe(filter).await;
    assert!(sender.publish("a", b"for nobody").await);
    assert!(first.texts().await.is_empty());
    assert_eq!(
        first.wire.subscribe(filter, AtMostOnce).await,
        Granted(AtMostOnce)
    );
    assert!(first.texts().await.is_empty(), "nothing waited");
}

#[tokio::test]
async fn a_member_that_takes_nothing_more_leaves_it_to_the_others() {
    let mut config = Config {
        write_patience: Duration::from_secs(600),
        ..Config::default()
    };
    config.delivery_queue.messages = 8;
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut stuck = narrow(&lab, &device, "stuck").await;
    for filter in ["flood", "$share/g/b"] {
        assert_eq!(stuck.subscribe(filter, AtMostOnce).await, Granted(AtMostOnce));
    }
    let mut sender = lab.dial(&device).connect("sender").await;
    // More than the kernel's buffers hold: its way and its queue are full.
    for _ in 0..200 {
        assert!(sender.publish("flood", &[0; LARGE]).await);
    }
    let mut other = lab.dial(&device).connect("other").await;
    assert_eq!(
        other.subscribe("$share/h/b", AtMostOnce).await,
        Granted(AtMostOnce)
    );
    let mut reader = Member::join(&lab, &device, "reader", "$share/g/b", AtMostOnce).await;
    for number in 0..30 {
        let text = number.to_string();
        assert!(sender.publish("b", text.as_bytes()).await);
        assert_eq!(other.text().await, text);
        assert_eq!(
            reader.wire.text().await,
            text,
            "the other member has no room for it"
        );
    }
}

#[tokio::test]
async fn a_group_whose_members_are_away_keeps_what_comes_for_one_of_them() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let device = lab.device(EVERYTHING).await;
        let mut sender = lab.dial(&device).connect("sender").await;
        for client_id in ["first", "second"] {
            let kept = persistent(client_id);
            Member::join_as(lab.dial(&device), kept, "$share/g/a", AtLeastOnce)
                .await
                .leave()
                .await;
        }
        lab.until_connected(1).await;
        // While a member is there, it gets all of it.
        let mut present = Member::join(&lab, &device, "present", "$share/g/a", AtLeastOnce).await;
        for number in 0..4 {
            assert!(sender.publish("a", format!("live {number}").as_bytes()).await);
            assert_eq!(present.wire.text().await, format!("live {number}"));
        }
        present.leave().await;
        lab.until_connected(1).await;
        for number in 0..4 {
            assert!(sender.publish("a", format!("{number}").as_bytes()).await);
        }
        sender.publish_qos_0("a", b"quality 0 does not wait").await;
        let mut texts = Vec::new();
        for client_id in ["first", "second"] {
            let mut kept = Member::come_back(&lab, &device, client_id).await;
            // They took turns.
            let mut mine = vec![kept.wire.text().await, kept.wire.text().await];
            assert!(kept.texts().await.is_empty());
            texts.append(&mut mine);
        }
        texts.sort_unstable();
        assert_eq!(texts, ["0", "1", "2", "3"]);
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_group_is_of_its_own_realm() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let mut ours = Member::join(&lab, &device, "ours", "$share/g/a", AtMostOnce).await;
    let elsewhere = lab.realm_of("999999999999", thingsmith_testkit::REGION).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let foreign = lab.register(&elsewhere, params("foreign"), &key).await;
    lab.attach_in(&elsewhere, &foreign, EVERYTHING).await;
    let name = endpoint(&elsewhere);
    let dial = lab.dial(&foreign).server_name(&name);
    let mut theirs = Member::join_as(dial, connect("theirs"), "$share/g/a", AtMostOnce).await;
    for number in 0..4 {
        assert!(sender.publish("a", format!("{number}").as_bytes()).await);
    }
    assert_eq!(ours.texts().await, ["0", "1", "2", "3"]);
    assert!(theirs.texts().await.is_empty());
}

#[tokio::test]
async fn a_group_needs_leave_as_it_is_written_and_each_delivery_its_own() {
    let lab = Lab::start().await;
    let document = allow(&[
        ("Connect", "client/*"),
        ("Publish", "topic/*"),
        ("Subscribe", "topicfilter/$share/mine/*"),
        ("Subscribe", "topicfilter/end/*"),
        ("Receive", "topic/end/*"),
        ("Receive", "topic/a/public"),
    ]);
    let device = lab.device(&document).await;
    let mut pump = Member::join(&lab, &device, "pump", "$share/mine/a/+", AtMostOnce).await;
    for (filter, granted) in [
        ("$share/mine/b", true),
        ("$share/theirs/a/+", false),
        ("$share/min/a/+", false),
        ("$Share/mine/a/+", false),
        ("a/+", false),
    ] {
        let expected = match granted {
            true => Granted(AtMostOnce),
            false => REFUSED,
        };
        assert_eq!(
            pump.wire.subscribe(filter, AtMostOnce).await,
            expected,
            "{filter}"
        );
    }
    for topic in ["a/secret", "a/public"] {
        pump.wire.publish_qos_0(topic, topic.as_bytes()).await;
    }
    assert_eq!(pump.texts().await, ["a/public"]);
    let (mut new, _) = lab.dial(&device).open(connect_5("new")).await.unwrap();
    assert_eq!(
        new.subscribe("$share/theirs/a/+", AtMostOnce).await,
        Grant::Refused(ReasonCode::NotAuthorized)
    );
}

/// A device that takes part in all, but may receive nothing on `a`; what marks the end of its messages it may.
async fn deaf(lab: &Lab) -> Device {
    let document = allow(&[
        ("Connect", "client/*"),
        ("Publish", "topic/*"),
        ("Subscribe", "topicfilter/*"),
        ("Receive", "topic/end/*"),
    ]);
    lab.device(&document).await
}

#[tokio::test]
async fn what_a_member_may_not_receive_another_one_gets() {
    let lab = Lab::start().await;
    let (device, deaf) = (lab.device(EVERYTHING).await, deaf(&lab).await);
    let mut sender = lab.dial(&device).connect("sender").await;
    let filter = "$share/g/a";
    let mut members = Vec::new();
    for client_id in ["deaf-1", "deaf-2", "deaf-3"] {
        members.push(Member::join(&lab, &deaf, client_id, filter, AtMostOnce).await);
    }
    // Nobody may have it: it is lost, and does not go round.
    assert!(sender.publish("a", b"for nobody").await);
    while lab.server.deeds.metrics().deliveries_dropped() < 1 {
        assert!(sender.is_alive().await);
    }
    let mut hearing = Member::join(&lab, &device, "hearing", filter, AtLeastOnce).await;
    let mut other = Member::join(&lab, &device, "other", "$share/h/a", AtLeastOnce).await;
    for number in 0..12 {
        assert!(sender.publish("a", format!("{number}").as_bytes()).await);
        let (_, payload, qos) = hearing.wire.message().await;
        assert_eq!(payload, format!("{number}").as_bytes());
        assert_eq!(
            qos, AtLeastOnce,
            "of those who had it before, none was given more than 0"
        );
    }
    for member in &mut members {
        assert!(member.texts().await.is_empty());
    }
    assert!(hearing.texts().await.is_empty(), "each came once");
    assert_eq!(other.texts().await.len(), 12, "another group has its own");
    let refused = lab.server.deeds.decisions().about("deaf-1");
    assert!(refused.iter().any(|decision| decision.stage == Stage::Receive));
    lab.stop().await;
}

#[tokio::test]
async fn what_waited_for_a_member_that_may_not_receive_it_another_one_gets() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let (device, deaf) = (lab.device(EVERYTHING).await, deaf(&lab).await);
        let mut sender = lab.dial(&device).connect("sender").await;
        let filter = "$share/g/a";
        for (client_id, device) in [("deaf-1", &deaf), ("deaf-2", &deaf), ("hearing", &device)] {
            let kept = persistent(client_id);
            Member::join_as(lab.dial(device), kept, filter, AtLeastOnce)
                .await
                .leave()
                .await;
        }
        lab.until_connected(1).await;
        for number in 0..9 {
            assert!(sender.publish("a", format!("{number}").as_bytes()).await);
        }
        // What waits for these goes to one that is away, or to the other of them, and on from there.
        for client_id in ["deaf-1", "deaf-2"] {
            let mut member = Member::come_back(&lab, &deaf, client_id).await;
            assert!(member.texts().await.is_empty());
            member.leave().await;
        }
        lab.until_connected(1).await;
        // From here on all of it goes to the one who is there and may have it.
        let mut hearing = Member::come_back(&lab, &device, "hearing").await;
        let mut first = Member::come_back(&lab, &deaf, "deaf-1").await;
        let mut second = Member::come_back(&lab, &deaf, "deaf-2").await;
        let mut numbers = Vec::new();
        while numbers.len() < 9 {
            numbers.push(hearing.wire.text().await);
        }
        numbers.sort_unstable();
        let expected: Vec<String> = (0..9).map(|number| number.to_string()).collect();
        assert_eq!(numbers, expected, "each came once");
        for member in [&mut first, &mut second, &mut hearing] {
            assert!(member.texts().await.is_empty());
        }
        for number in 0..6 {
            assert!(sender.publish("a", format!("live {number}").as_bytes()).await);
            assert_eq!(hearing.wire.text().await, format!("live {number}"));
        }
        lab.stop().await;
    }
}

/// A SUBSCRIBE with text that no filter of ours can be.
fn raw_subscribe(filter: &str, version_5: bool, options: u8) -> Vec<u8> {
    let mut body = vec![0, 7];
    if version_5 {
        body.push(0);
    }
    body.extend(u16::try_from(filter.len()).unwrap().to_be_bytes());
    body.extend(filter.as_bytes());
    body.push(options);
    let mut bytes = vec![0x82];
    let mut length = body.len();
    loop {
        let low = u8::try_from(length % 128).unwrap();
        length /= 128;
        if length == 0 {
            bytes.push(low);
            break;
        }
        bytes.push(low | 0x80);
    }
    bytes.extend(body);
    bytes
}

#[tokio::test]
async fn a_name_or_a_filter_that_cannot_be_ends_the_connection() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let (longest, deepest) = ("g".repeat(128), "1/2/3/4/5/6/7/8");
    for filter in [
        format!("$share/{longest}/a"),
        format!("$share/g/{deepest}"),
        format!("$share/g/{}", "t".repeat(256)),
    ] {
        let (mut wire, _) = lab.dial(&device).open(connect_5("pump")).await.unwrap();
        assert_eq!(wire.subscribe(&filter, AtMostOnce).await, Granted(AtMostOnce));
    }
    for (filter, options, code) in [
        (format!("$share/{longest}g/a"), 0, ReasonCode::TopicFilterInvalid),
        (format!("$share/g/{deepest}/9"), 0, ReasonCode::TopicFilterInvalid),
        (
            format!("$share/g/{}", "t".repeat(257)),
            0,
            ReasonCode::TopicFilterInvalid,
        ),
        ("$share/g".into(), 0, ReasonCode::TopicFilterInvalid),
        ("$share/g/".into(), 0, ReasonCode::TopicFilterInvalid),
        ("$share//a".into(), 0, ReasonCode::TopicFilterInvalid),
        ("$share/g+/a".into(), 0, ReasonCode::TopicFilterInvalid),
        ("$share/#/a".into(), 0, ReasonCode::TopicFilterInvalid),
        ("$share/g/a#".into(), 0, ReasonCode::TopicFilterInvalid),
        // MQTT 5, 3.8.3.1: No Local has no meaning in a group.
        ("$share/g/a".into(), 0b100, ReasonCode::ProtocolError),
    ] {
        let (mut wire, _) = lab.dial(&device).open(connect_5("pump")).await.unwrap();
        wire.bytes(&raw_subscribe(&filter, true, options)).await;
        match wire.next().await {
            Some(Packet::Disconnect(told)) => assert_eq!(told.code, code, "{filter}"),
            other => panic!("{filter}: {other:?} is no DISCONNECT"),
        }
        wire.ends().await;
        if options == 0 {
            let mut wire = lab.dial(&device).connect("pump").await;
            wire.bytes(&raw_subscribe(&filter, false, options)).await;
            wire.ends().await;
        }
    }
}

#[tokio::test]
async fn a_shared_subscription_counts_among_the_fifty() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let (mut greedy, _) = lab.dial(&device).open(connect_5("greedy")).await.unwrap();
    for number in 0..50 {
        let filter = format!("$share/{number}/a");
        assert_eq!(
            greedy.subscribe(&filter, AtMostOnce).await,
            Granted(AtMostOnce),
            "{number}"
        );
    }
    assert_eq!(
        greedy.subscribe("$share/50/a", AtMostOnce).await,
        Grant::Refused(ReasonCode::QuotaExceeded)
    );
    assert_eq!(
        greedy.subscribe("$share/49/a", AtLeastOnce).await,
        Granted(AtLeastOnce)
    );
}

#[tokio::test]
async fn a_message_keeps_its_retain_flag_for_members_that_ask_for_it() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let (mut wire, _) = lab.dial(&device).open(connect_5("pump")).await.unwrap();
    let mut retained = super::wire::message("a", b"x");
    retained.retain = true;
    let publish = |message| {
        Packet::Publish(thingsmith_mqtt::Publish {
            message,
            qos: thingsmith_mqtt::PublishQos::AtMostOnce,
            duplicate: false,
            topic_alias: None,
        })
    };
    wire.send(&publish(retained.clone())).await;
    for as_published in [false, true] {
        wire.send(&Packet::Subscribe(Subscribe {
            packet_id: id(7),
            subscriptions: vec![Subscription {
                filter: TopicFilter::parse("$share/g/a", &TopicLimits::default()).unwrap(),
                qos: AtMostOnce,
                options: SubscriptionOptions {
                    retain_as_published: as_published,
                    ..SubscriptionOptions::default()
                },
            }],
            properties: SubscribeProperties::default(),
        }))
        .await;
        assert!(matches!(wire.next().await, Some(Packet::SubAck(_))));
        assert!(wire.is_alive().await, "what is retained is not sent to a group");
        wire.send(&publish(retained.clone())).await;
        assert_eq!(wire.delivery().await.message.retain, as_published);
    }
}
