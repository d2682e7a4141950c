//! The profile `aws`: each of its quotas on the server's clock, what becomes of who breaks it, and the nearest that does
//! not. The quotas of sizes are in force in every profile and stand with what they bound.

use std::time::Duration;

use thingsmith_core::quotas::{Limits, Quota};
use thingsmith_gateway::Config;
use thingsmith_mqtt::Grant::{self, Granted};
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{
    Connect, ConnectProperties, Disconnect, Packet, PubAck, PublishQos, ReasonCode, Subscribe,
    SubscribeProperties, Subscription, SubscriptionOptions, TopicFilter, TopicLimits, Version,
};
use thingsmith_testkit::{Engine, Reply};
use tokio::time::timeout;

use super::https::Http;
use super::lab::{Device, EVERYTHING, Lab};
use super::retained::retained;
use super::wire::{REFUSED, Wire, connect, connect_5, id, persistent, publish};

const SECOND: Duration = Duration::from_secs(1);

/// A gateway that holds its clients to AWS's quotas, and their account to these.
async fn held(limits: Limits) -> Lab {
    held_on(Engine::Sqlite, limits).await
}

async fn held_on(engine: Engine, limits: Limits) -> Lab {
    let lab = Lab::on(engine, Config::aws()).await;
    lab.server.deeds.quotas().hold(limits);
    lab
}

/// The code with which a CONNECT is answered; none when the server closes without one.
async fn answer(lab: &Lab, device: &Device, connect: Connect) -> Option<(ReasonCode, Wire)> {
    let mut wire = lab.dial(device).tls().await.unwrap();
    wire.introduce(connect).await;
    match wire.next().await? {
        Packet::ConnAck(answer) => Some((answer.code, wire)),
        other => panic!("{other:?} is no answer to CONNECT"),
    }
}

async fn code(lab: &Lab, device: &Device, connect: Connect) -> Option<ReasonCode> {
    answer(lab, device, connect).await.map(|(code, _)| code)
}

/// Publishes with QoS 1 and says what it was told before it was told that it is alive still.
async fn told(wire: &mut Wire, packet: &Packet) -> Option<ReasonCode> {
    wire.send(packet).await;
    wire.send(&Packet::PingReq).await;
    let mut told = None;
    loop {
        match wire.next().await.expect("the client stays") {
            Packet::PubAck(PubAck { code, .. }) => told = Some(code),
            Packet::PingResp => return told,
            other => panic!("{other:?} is no answer"),
        }
    }
}

async fn leave(wire: &mut Wire) {
    wire.send(&Packet::Disconnect(Disconnect::default())).await;
    wire.ends().await;
}

#[tokio::test]
async fn a_client_id_connects_once_a_second() {
    let lab = held(Limits::aws()).await;
    let device = lab.device(EVERYTHING).await;
    let mut first = lab.dial(&device).connect("pump").await;
    for _ in 0..2 {
        assert_eq!(code(&lab, &device, connect("pump")).await, None);
        let told = code(&lab, &device, connect_5("pump")).await;
        assert_eq!(told, Some(ReasonCode::QuotaExceeded));
    }
    assert!(first.is_alive().await, "who is refused takes nothing over");
    let other = code(&lab, &device, connect("other")).await;
    assert_eq!(other, Some(ReasonCode::Success));
    lab.advance(SECOND);
    let again = code(&lab, &device, connect("pump")).await;
    assert_eq!(again, Some(ReasonCode::Success));
    first.ends().await;
}

#[tokio::test]
async fn nobody_uses_up_what_belongs_to_another_client_id() {
    let lab = held(Limits::aws()).await;
    let (device, stranger) = (lab.device(EVERYTHING).await, lab.stranger("stranger").await);
    for _ in 0..3 {
        let told = code(&lab, &stranger, connect_5("pump")).await;
        assert_eq!(told, Some(ReasonCode::NotAuthorized));
    }
    let told = code(&lab, &device, connect_5("pump")).await;
    assert_eq!(told, Some(ReasonCode::Success));
}

#[tokio::test]
async fn an_account_connects_so_often_and_has_so_many_connections() {
    let mut limits = Limits::aws().with(Quota::Connect, 2);
    limits.connections = 3;
    let lab = held(limits).await;
    let device = lab.device(EVERYTHING).await;
    let (quota, success) = (Some(ReasonCode::QuotaExceeded), Some(ReasonCode::Success));
    let mut one = lab.dial(&device).connect("1").await;
    let _two = lab.dial(&device).connect("2").await;
    assert_eq!(
        code(&lab, &device, connect_5("3")).await,
        quota,
        "the third in a second"
    );
    assert_eq!(code(&lab, &device, connect("4")).await, None);
    lab.advance(SECOND);
    let (told, _three) = answer(&lab, &device, connect_5("3")).await.unwrap();
    assert_eq!(Some(told), success);
    assert_eq!(
        code(&lab, &device, connect_5("4")).await,
        quota,
        "the fourth at once"
    );
    leave(&mut one).await;
    lab.until_connected(2).await;
    lab.advance(SECOND);
    assert_eq!(code(&lab, &device, connect_5("5")).await, success);
}

#[tokio::test]
async fn a_hundred_messages_a_second_are_taken_of_a_connection_and_the_rest_is_discarded() {
    for engine in Engine::available() {
        let lab = held_on(engine, Limits::aws()).await;
        let device = lab.device(EVERYTHING).await;
        for version in [connect("sender"), connect_5("sender")] {
            let beyond = match version.version {
                Version::V5 => Some(ReasonCode::QuotaExceeded),
                _ => None,
            };
            let mut listener = lab.dial(&device).connect("listener").await;
            listener.subscribe("a", AtLeastOnce).await;
            let (_, mut sender) = answer(&lab, &device, version).await.unwrap();
            for number in 0u8..100 {
                assert!(sender.publish("a", &[number]).await);
            }
            let one_more = publish("a", b"lost", PublishQos::AtLeastOnce(id(7)));
            assert_eq!(told(&mut sender, &one_more).await, beyond);
            sender.publish_qos_0("a", b"lost too").await;
            assert!(sender.is_alive().await);
            lab.advance(Duration::from_millis(10));
            assert!(sender.publish("a", b"one in a hundredth").await);
            assert_eq!(told(&mut sender, &one_more).await, beyond);
            lab.advance(SECOND);
            assert!(sender.publish("a", b"last").await);
            for number in 0u8..100 {
                assert_eq!(listener.message().await.1, [number]);
            }
            assert_eq!(listener.text().await, "one in a hundredth");
            assert_eq!(listener.text().await, "last");
            leave(&mut sender).await;
            leave(&mut listener).await;
            lab.until_connected(0).await;
            lab.advance(SECOND);
        }
        let refused = lab.server.deeds.decisions().in_realm(lab.realm.realm);
        let written = refused
            .iter()
            .filter(|decision| decision.reason == "the connection publishes too many messages");
        assert_eq!(written.count(), 4, "once for each time that it begins");
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_hundred_messages_a_second_are_sent_to_a_connection_and_the_rest_is_lost() {
    let lab = held(Limits::aws()).await;
    let device = lab.device(EVERYTHING).await;
    let mut listener = lab.dial(&device).connect("listener").await;
    listener.subscribe("a", AtLeastOnce).await;
    for sender in ["1", "2"] {
        let mut sender = lab.dial(&device).connect(sender).await;
        for number in 0u8..75 {
            assert!(sender.publish("a", &[number]).await);
        }
    }
    for number in (0u8..75).chain(0..25) {
        assert_eq!(listener.message().await.1, [number]);
    }
    // What is left of them was taken out of the queue by now, or is while the clock stands still.
    while lab.server.deeds.metrics().deliveries_dropped() < 50 {
        assert!(listener.is_alive().await);
    }
    lab.advance(SECOND);
    let mut sender = lab.dial(&device).connect("3").await;
    assert!(sender.publish("a", b"next").await);
    assert_eq!(listener.text().await, "next");
}

#[tokio::test]
async fn an_account_publishes_and_is_sent_so_much() {
    let limits = Limits::aws().with(Quota::PublishIn, 5).with(Quota::PublishOut, 3);
    let lab = held(limits).await;
    let device = lab.device(EVERYTHING).await;
    let mut listener = lab.dial(&device).connect("listener").await;
    listener.subscribe("a", AtLeastOnce).await;
    let (_, mut one) = answer(&lab, &device, connect_5("1")).await.unwrap();
    let mut two = lab.dial(&device).connect("2").await;
    for _ in 0..2 {
        assert!(one.publish("a", b"x").await && two.publish("a", b"x").await);
    }
    assert!(one.publish("b", b"x").await);
    let one_more = publish("a", b"lost", PublishQos::AtLeastOnce(id(7)));
    assert_eq!(told(&mut one, &one_more).await, Some(ReasonCode::QuotaExceeded));
    assert_eq!(told(&mut two, &one_more).await, None);
    let mut https = Http::connect(lab.dial(&device).at(lab.https)).await;
    let throttled = (429, "throttlingexception".to_owned());
    assert_eq!(https.publish("/topics/a?qos=1", b"lost").await, throttled);
    let data = lab.server.administrator().service("iotdata");
    let reply = data.send("POST", "/topics/a?qos=1", &[], b"lost").await;
    assert_eq!(
        (reply.status, reply.exception()),
        (429, "ThrottlingException"),
        "{reply}"
    );
    for _ in 0..3 {
        assert_eq!(listener.text().await, "x");
    }
    while lab.server.deeds.metrics().deliveries_dropped() < 1 {
        assert!(listener.is_alive().await);
    }
    lab.advance(SECOND);
    assert_eq!(
        https.publish("/topics/a?qos=1", b"again").await,
        (200, String::new())
    );
    assert_eq!(listener.text().await, "again");
}

#[tokio::test]
async fn bytes_beyond_half_a_mebibyte_a_second_are_taken_later() {
    let lab = held(Limits::aws()).await;
    let device = lab.device(EVERYTHING).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    let large = vec![7; 128 * 1024];
    for _ in 0..3 {
        assert!(sender.publish("a", &large).await);
    }
    // With what is around them, four are a little more.
    sender
        .send(&publish("a", &large, PublishQos::AtLeastOnce(id(9))))
        .await;
    let waits = timeout(Duration::from_millis(100), sender.next()).await;
    assert!(
        waits.is_err(),
        "nobody reads its end while the clock stands still: {waits:?}"
    );
    // Meanwhile others are served.
    let mut other = lab.dial(&device).connect("other").await;
    assert!(other.publish("a", &large).await);
    lab.advance(SECOND);
    assert_eq!(
        sender.next().await,
        Some(Packet::PubAck(PubAck::success(id(9)))),
        "nothing of it is lost"
    );
}

#[tokio::test]
async fn an_account_subscribes_so_often_and_to_so_much() {
    let mut limits = Limits::aws().with(Quota::Subscribe, 3);
    limits.subscriptions = 4;
    let lab = held(limits).await;
    let device = lab.device(EVERYTHING).await;
    let (_, mut pump) = answer(&lab, &device, connect_5("pump")).await.unwrap();
    let quota = Grant::Refused(ReasonCode::QuotaExceeded);
    for filter in ["1", "2", "1"] {
        assert_eq!(pump.subscribe(filter, AtMostOnce).await, Granted(AtMostOnce));
    }
    assert_eq!(
        pump.subscribe_all(&[("3", AtMostOnce), ("4", AtMostOnce)]).await,
        [quota; 2],
        "the fourth SUBSCRIBE in a second"
    );
    lab.advance(SECOND);
    let mut other = lab.dial(&device).connect("other").await;
    assert_eq!(
        other
            .subscribe_all(&[("3", AtMostOnce), ("4", AtMostOnce), ("5", AtMostOnce)])
            .await,
        [Granted(AtMostOnce), Granted(AtMostOnce), REFUSED],
        "the fifth subscription"
    );
    assert_eq!(pump.subscribe("5", AtMostOnce).await, quota);
    assert_eq!(
        pump.subscribe("2", AtLeastOnce).await,
        Granted(AtLeastOnce),
        "it has this one"
    );
    lab.advance(SECOND);
    pump.unsubscribe("1").await;
    assert_eq!(pump.subscribe("5", AtMostOnce).await, Granted(AtMostOnce));
}

#[tokio::test]
async fn an_account_has_so_many_shared_subscriptions_and_each_so_many_members() {
    for engine in Engine::available() {
        let mut limits = Limits::aws();
        (limits.shared_groups, limits.members_per_group) = (3, 2);
        let lab = held_on(engine, limits).await;
        let device = lab.device(EVERYTHING).await;
        let (_, mut pump) = answer(&lab, &device, connect_5("pump")).await.unwrap();
        let quota = Grant::Refused(ReasonCode::QuotaExceeded);
        // A session whose client is away is a member too.
        let (mut away, _) = lab.dial(&device).open(persistent("away")).await.unwrap();
        assert_eq!(
            away.subscribe("$share/g/a", AtLeastOnce).await,
            Granted(AtLeastOnce)
        );
        leave(&mut away).await;
        lab.until_connected(1).await;
        for filter in ["$share/g/a", "$share/h/a", "$share/g/b", "a", "b"] {
            assert_eq!(
                pump.subscribe(filter, AtMostOnce).await,
                Granted(AtMostOnce),
                "{filter}"
            );
        }
        assert_eq!(
            pump.subscribe("$share/i/a", AtMostOnce).await,
            quota,
            "the fourth"
        );
        let again = pump.subscribe("$share/g/a", AtLeastOnce).await;
        assert_eq!(again, Granted(AtLeastOnce), "it is a member");
        let mut valve = lab.dial(&device).connect("valve").await;
        assert_eq!(
            valve.subscribe("$share/g/a", AtMostOnce).await,
            REFUSED,
            "the third member"
        );
        assert_eq!(
            valve.subscribe("$share/h/a", AtMostOnce).await,
            Granted(AtMostOnce)
        );
        pump.unsubscribe("$share/g/a").await;
        pump.unsubscribe("$share/g/b").await;
        for filter in ["$share/g/a", "$share/i/a"] {
            assert_eq!(
                valve.subscribe(filter, AtMostOnce).await,
                Granted(AtMostOnce),
                "{filter}"
            );
        }
        lab.stop().await;
    }
}

#[tokio::test]
async fn members_come_and_go_so_often() {
    let mut limits = Limits::aws();
    limits.changes_per_group = 3;
    let lab = held(limits).await;
    let device = lab.device(EVERYTHING).await;
    let (_, mut pump) = answer(&lab, &device, connect_5("pump")).await.unwrap();
    let (shared, quota) = ("$share/g/a", Grant::Refused(ReasonCode::QuotaExceeded));
    assert_eq!(pump.subscribe(shared, AtMostOnce).await, Granted(AtMostOnce));
    pump.unsubscribe(shared).await;
    assert_eq!(pump.subscribe(shared, AtMostOnce).await, Granted(AtMostOnce));
    assert_eq!(pump.subscribe(shared, AtMostOnce).await, quota, "the fourth");
    // Who leaves is not held back.
    pump.unsubscribe(shared).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    assert!(sender.publish("a", b"for nobody").await);
    assert!(pump.is_alive().await, "nothing came");
    assert_eq!(
        pump.subscribe("$share/h/a", AtMostOnce).await,
        Granted(AtMostOnce)
    );
    lab.advance(SECOND);
    assert_eq!(pump.subscribe(shared, AtMostOnce).await, Granted(AtMostOnce));
}

#[tokio::test]
async fn so_many_messages_begin_to_wait_in_a_second() {
    for engine in Engine::available() {
        let lab = held_on(engine, Limits::aws().with(Quota::Queue, 5)).await;
        let device = lab.device(EVERYTHING).await;
        let mut sender = lab.dial(&device).connect("sender").await;
        let (mut pump, _) = lab.dial(&device).open(persistent("pump")).await.unwrap();
        pump.subscribe("a", AtLeastOnce).await;
        for number in 0u8..8 {
            assert!(sender.publish("a", &[number]).await);
            assert_eq!(pump.message().await.1, [number], "who is there waits for nothing");
        }
        leave(&mut pump).await;
        lab.until_connected(1).await;
        for number in 0u8..6 {
            assert!(sender.publish("a", &[number]).await);
        }
        lab.advance(SECOND);
        assert!(sender.publish("a", &[6]).await);
        let (mut pump, present) = lab.dial(&device).open(persistent("pump")).await.unwrap();
        assert!(present);
        for number in [0u8, 1, 2, 3, 4, 6] {
            assert_eq!(pump.message().await.1, [number]);
        }
        assert!(pump.is_alive().await);
        lab.stop().await;
    }
}

#[tokio::test]
async fn what_waited_comes_ten_a_second_besides_what_comes_meanwhile() {
    for engine in Engine::available() {
        let lab = held_on(engine, Limits::aws()).await;
        let device = lab.device(EVERYTHING).await;
        let mut sender = lab.dial(&device).connect("sender").await;
        let (mut pump, _) = lab.dial(&device).open(persistent("pump")).await.unwrap();
        pump.subscribe("a", AtLeastOnce).await;
        leave(&mut pump).await;
        lab.until_connected(1).await;
        for number in 0u8..25 {
            assert!(sender.publish("a", &[number]).await);
        }
        lab.advance(SECOND);
        let (mut pump, present) = lab.dial(&device).open(persistent("pump")).await.unwrap();
        assert!(present);
        let mut numbers = 0u8..27;
        let mut next = async |pump: &mut Wire, count: usize| {
            for number in numbers.by_ref().take(count) {
                assert_eq!(pump.message().await.1, [number]);
            }
            assert!(pump.is_alive().await, "and no more, while the clock stands still");
        };
        next(&mut pump, 10).await;
        for number in [25u8, 26] {
            assert!(sender.publish("a", &[number]).await);
        }
        next(&mut pump, 2).await;
        lab.advance(SECOND);
        next(&mut pump, 10).await;
        lab.advance(SECOND);
        next(&mut pump, 5).await;
        // None waits any more, so that what comes is as with any client.
        for number in 0u8..40 {
            assert!(sender.publish("a", &[number]).await);
            assert_eq!(pump.message().await.1, [number]);
        }
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_topic_retains_one_message_a_second_and_an_account_so_many() {
    let lab = held(Limits::aws().with(Quota::RetainedPublish, 3)).await;
    let device = lab.device(EVERYTHING).await;
    let (_, mut five) = answer(&lab, &device, connect_5("five")).await.unwrap();
    let mut three = lab.dial(&device).connect("three").await;
    let mut listener = lab.dial(&device).connect("listener").await;
    listener.subscribe("#", AtLeastOnce).await;
    let retain = |topic: &str, payload: &[u8]| retained(topic, payload, PublishQos::AtLeastOnce(id(5)));
    let (success, quota) = (Some(ReasonCode::Success), Some(ReasonCode::QuotaExceeded));
    assert_eq!(told(&mut five, &retain("a", b"1")).await, success);
    assert_eq!(told(&mut five, &retain("a", b"2")).await, quota);
    assert_eq!(told(&mut three, &retain("a", b"3")).await, None);
    assert_eq!(told(&mut three, &retain("b", b"4")).await, success);
    assert_eq!(told(&mut five, &retain("c", b"5")).await, success);
    assert_eq!(
        told(&mut five, &retain("d", b"6")).await,
        quota,
        "the account's fourth"
    );
    let plain = publish("a", b"7", PublishQos::AtLeastOnce(id(6)));
    assert_eq!(told(&mut five, &plain).await, success, "it is not retained");
    let data = lab.server.administrator().service("iotdata");
    let reply = data.send("POST", "/topics/a?qos=1&retain=true", &[], b"8").await;
    assert_eq!(
        (reply.status, reply.exception()),
        (429, "ThrottlingException"),
        "{reply}"
    );
    lab.advance(SECOND);
    assert_eq!(told(&mut five, &retain("a", b"9")).await, success);
    for payload in ["1", "4", "5", "7", "9"] {
        assert_eq!(
            listener.text().await,
            payload,
            "what is not retained reaches nobody"
        );
    }
    let reply = data.send("GET", "/retainedMessage/a", &[], b"").await;
    assert_eq!(reply.text("payload"), "OQ==");
}

#[tokio::test]
async fn an_account_has_so_many_retained_messages() {
    for engine in Engine::available() {
        let mut limits = Limits::aws();
        limits.retained = 2;
        let lab = held_on(engine, limits).await;
        let device = lab.device(EVERYTHING).await;
        let (_, mut five) = answer(&lab, &device, connect_5("five")).await.unwrap();
        let mut three = lab.dial(&device).connect("three").await;
        let mut listener = lab.dial(&device).connect("listener").await;
        listener.subscribe("#", AtLeastOnce).await;
        let retain = |topic: &str, payload: &[u8]| retained(topic, payload, PublishQos::AtLeastOnce(id(5)));
        let (success, quota) = (Some(ReasonCode::Success), Some(ReasonCode::QuotaExceeded));
        assert_eq!(told(&mut five, &retain("a", b"1")).await, success);
        assert_eq!(told(&mut three, &retain("b", b"2")).await, success);
        assert_eq!(told(&mut five, &retain("c", b"beyond")).await, quota);
        assert_eq!(told(&mut three, &retain("d", b"beyond")).await, None);
        let data = lab.server.administrator().service("iotdata");
        let reply = data
            .send("POST", "/topics/e?qos=1&retain=true", &[], b"beyond")
            .await;
        assert_eq!(
            (reply.status, reply.exception()),
            (429, "ThrottlingException"),
            "{reply}"
        );
        let mut https = Http::connect(lab.dial(&device).at(lab.https)).await;
        assert_eq!(
            https.publish("/topics/f?qos=1&retain=true", b"beyond").await,
            (429, "throttlingexception".to_owned())
        );
        // One takes the place of another, and one that goes makes room.
        lab.advance(SECOND);
        assert_eq!(told(&mut five, &retain("a", b"3")).await, success);
        assert_eq!(told(&mut three, &retain("b", b"")).await, success);
        assert_eq!(told(&mut five, &retain("c", b"4")).await, success);
        for payload in ["1", "2", "3", "", "4"] {
            assert_eq!(
                listener.text().await,
                payload,
                "what is not retained reaches nobody"
            );
        }
        let kept = data.send("GET", "/retainedMessage", &[], b"").await;
        let kept = kept.json();
        let topics = kept["retainedTopics"].as_array().unwrap().iter();
        let topics: Vec<_> = topics.map(|kept| kept["topic"].as_str().unwrap()).collect();
        assert_eq!(topics, ["a", "c"]);
        lab.stop().await;
    }
}

#[tokio::test]
async fn an_account_asks_for_retained_messages_so_often() {
    let lab = held(Limits::aws().with(Quota::GetRetainedMessage, 2)).await;
    let data = lab.server.administrator().service("iotdata");
    for (target, allowed, status) in [("/retainedMessage", 10, 200), ("/retainedMessage/a", 2, 404)] {
        for _ in 0..allowed {
            assert_eq!(
                data.send("GET", target, &[], b"").await.status,
                status,
                "{target}"
            );
        }
        let reply = data.send("GET", target, &[], b"").await;
        assert_eq!(
            (reply.status, reply.exception()),
            (429, "ThrottlingException"),
            "{reply}"
        );
        lab.advance(SECOND);
        assert_eq!(
            data.send("GET", target, &[], b"").await.status,
            status,
            "{target}"
        );
    }
}

#[tokio::test]
async fn an_account_asks_for_connections_so_often() {
    let limits = Limits::aws()
        .with(Quota::GetConnection, 2)
        .with(Quota::ListSubscriptions, 3)
        .with(Quota::SendDirectMessage, 4)
        .with(Quota::DeleteConnection, 5);
    let lab = held(limits).await;
    let device = lab.device(EVERYTHING).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    let data = lab.server.administrator().service("iotdata");
    let throttled = |reply: &Reply| {
        assert_eq!(
            (reply.status, reply.exception()),
            (429, "ThrottlingException"),
            "{reply}"
        );
    };
    for (method, target, allowed, of_nobody) in [
        ("GET", "/connections/pump", 2, "/connections/nobody"),
        (
            "GET",
            "/connections/pump/subscriptions",
            3,
            "/connections/nobody/subscriptions",
        ),
        (
            "POST",
            "/connections/pump/messages?topic=a",
            4,
            "/connections/nobody/messages?topic=a",
        ),
    ] {
        for _ in 0..2 {
            for _ in 0..allowed {
                assert_eq!(data.send(method, target, &[], b"").await.status, 200, "{target}");
            }
            throttled(&data.send(method, target, &[], b"").await);
            lab.advance(SECOND);
        }
        assert_eq!(data.send(method, of_nobody, &[], b"").await.status, 404);
        lab.advance(SECOND);
    }
    for _ in 0..2 * 4 {
        assert_eq!(pump.text().await, "", "what was throttled was not sent");
    }
    assert!(pump.is_alive().await);

    // Each client once a second, and the account as often as it may.
    let delete = async |client_id: &str| {
        let target = format!("/connections/{client_id}");
        data.send("DELETE", &target, &[], b"").await
    };
    for client_id in ["1", "2", "3"] {
        assert_eq!(delete(client_id).await.status, 404);
    }
    assert_eq!(delete("pump").await.status, 200);
    pump.ends().await;
    let mut pump = lab.dial(&device).connect("pump").await;
    throttled(&delete("pump").await);
    throttled(&delete("4").await);
    assert!(pump.is_alive().await);
    lab.advance(SECOND);
    assert_eq!(delete("pump").await.status, 200);
    pump.ends().await;
}

#[tokio::test]
async fn a_session_lives_an_hour_at_most() {
    for (config, seconds) in [(Config::aws(), 3_600), (Config::default(), 604_800)] {
        let lab = Lab::with(config).await;
        let device = lab.device(EVERYTHING).await;
        let asking = Connect {
            properties: ConnectProperties {
                session_expiry_seconds: u32::MAX,
                ..ConnectProperties::default()
            },
            ..connect_5("pump")
        };
        let mut wire = lab.dial(&device).tls().await.unwrap();
        wire.introduce(asking).await;
        match wire.next().await {
            Some(Packet::ConnAck(answer)) => {
                let properties = answer.properties.unwrap();
                assert_eq!(properties.session_expiry_seconds, Some(seconds));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn without_the_profile_none_of_these_is_in_force() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    for _ in 0..5 {
        assert!(lab.dial(&device).connect("pump").await.is_alive().await);
    }
    let mut pump = lab.dial(&device).connect("pump").await;
    let large = vec![7; 128 * 1024];
    for _ in 0..20 {
        assert!(pump.publish("a", &large).await);
    }
    for _ in 0..200 {
        assert!(pump.publish("a", b"x").await);
        pump.send(&retained("a", b"x", PublishQos::AtLeastOnce(id(5))))
            .await;
        assert!(matches!(pump.next().await, Some(Packet::PubAck(_))));
    }
    let data = lab.server.administrator().service("iotdata");
    for (method, target, status) in [
        ("GET", "/connections/pump", 200),
        ("GET", "/connections/pump/subscriptions", 200),
        ("DELETE", "/connections/nobody", 404),
    ] {
        for _ in 0..110 {
            assert_eq!(
                data.send(method, target, &[], b"").await.status,
                status,
                "{target}"
            );
        }
    }
    let mut members = Vec::new();
    for number in 0..3 {
        let mut member = lab.dial(&device).connect(&format!("member-{number}")).await;
        for group in 0..40 {
            let filter = format!("$share/{number}-{group}/a");
            assert_eq!(member.subscribe(&filter, AtMostOnce).await, Granted(AtMostOnce));
        }
        members.push(member);
    }
    for _ in 0..60 {
        members[0].unsubscribe("$share/0-0/a").await;
        assert_eq!(
            members[0].subscribe("$share/0-0/a", AtMostOnce).await,
            Granted(AtMostOnce)
        );
    }
}

#[tokio::test]
async fn a_subscribe_has_eight_filters() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let filters: Vec<String> = (0..9).map(|number| format!("a/{number}")).collect();
    let asked = |count: usize| {
        let asked = filters.iter().take(count);
        Packet::Subscribe(Subscribe {
            packet_id: id(7),
            subscriptions: asked
                .map(|filter| Subscription {
                    filter: TopicFilter::parse(filter, &TopicLimits::default()).unwrap(),
                    qos: AtMostOnce,
                    options: SubscriptionOptions::default(),
                })
                .collect(),
            properties: SubscribeProperties::default(),
        })
    };
    for connect in [connect("pump"), connect_5("pump")] {
        let is_5 = connect.version == Version::V5;
        let mut pump = lab.dial(&device).open(connect).await.unwrap().0;
        pump.send(&asked(8)).await;
        match pump.next().await {
            Some(Packet::SubAck(answer)) => assert_eq!(answer.grants, [Granted(AtMostOnce); 8]),
            other => panic!("{other:?} is no answer to SUBSCRIBE"),
        }
        pump.send(&asked(9)).await;
        if is_5 {
            let said = pump.next().await;
            assert!(
                matches!(&said, Some(Packet::Disconnect(bye)) if bye.code == ReasonCode::QuotaExceeded),
                "{said:?}"
            );
        }
        pump.ends().await;
    }
}

#[tokio::test]
async fn a_hundred_messages_are_in_flight_to_a_client() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut pump = lab.dial(&device).connect("pump").await;
    pump.subscribe("a", AtLeastOnce).await;
    let mut sender = lab.dial(&device).connect("sender").await;
    for number in 0u8..110 {
        assert!(sender.publish("a", &[number]).await);
    }
    let mut held = Vec::new();
    for number in 0u8..100 {
        let publish = pump.delivery().await;
        assert_eq!(&publish.message.payload[..], [number]);
        held.push(publish.qos.packet_id().unwrap());
    }
    assert!(pump.is_alive().await, "and no more before it acknowledges one");
    pump.send(&Packet::PubAck(PubAck::success(held[7]))).await;
    assert_eq!(&pump.delivery().await.message.payload[..], [100]);
    assert!(pump.is_alive().await);
}
