//! Sessions, retained messages and lifecycle events of clients that sign with an access key.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{
    Connect, Disconnect, Packet, PubAck, Publish, PublishQos, Subscribe, SubscribeProperties, Subscription,
    SubscriptionOptions, TopicFilter, TopicLimits, Will,
};
use thingsmith_testkit::{ACCOUNT, Engine, REGION};

use super::lab::{EVERYTHING, Lab, allow, policy};
use super::wire::{connect, id, message, persistent};
use super::wsock::{Socket, lab, nobody, signer, url};
use crate::http::{client_of, done, iam, sts};

async fn open(lab: &Lab) -> Socket {
    Socket::open(nobody(lab), &url(lab, &signer(lab, "AKUSER"), None)).await
}

/// Connects, and says whether the session was there before; nothing when the server closes.
async fn join(socket: &mut Socket, connect: Connect) -> Option<bool> {
    socket.send(&Packet::Connect(Box::new(connect))).await;
    match socket.next().await {
        Some(Packet::ConnAck(answer)) => Some(answer.session_present),
        None => None,
        other => panic!("{other:?} is no answer to CONNECT"),
    }
}

/// Subscribes with QoS 1.
async fn listen(socket: &mut Socket, filter: &str) {
    socket
        .send(&Packet::Subscribe(Subscribe {
            packet_id: id(7),
            subscriptions: vec![Subscription {
                filter: TopicFilter::parse(filter, &TopicLimits::default()).unwrap(),
                qos: AtLeastOnce,
                options: SubscriptionOptions::default(),
            }],
            properties: SubscribeProperties::default(),
        }))
        .await;
    match socket.next().await {
        Some(Packet::SubAck(answer)) => assert_eq!(answer.grants, [Granted(AtLeastOnce)]),
        other => panic!("{other:?} is no answer to SUBSCRIBE"),
    }
}

/// The next message, acknowledged.
async fn came(socket: &mut Socket) -> Publish {
    match socket.next().await {
        Some(Packet::Publish(publish)) => {
            if let PublishQos::AtLeastOnce(id) = publish.qos {
                socket.send(&Packet::PubAck(PubAck::success(id))).await;
            }
            publish
        }
        other => panic!("{other:?} is no message"),
    }
}

async fn leave(mut socket: Socket) {
    socket.send(&Packet::Disconnect(Disconnect::default())).await;
    assert_eq!(socket.next().await, None);
}

#[tokio::test]
async fn a_session_waits_for_who_signed_and_needs_leave_to() {
    let without = json!({"ForAllValues:StringEquals": {"iot:ConnectAttributes": []}});
    let transient = policy(&[("Allow", "Connect", "client/brief", without)]);
    let lasting = allow(&[
        ("Connect", "client/web"),
        ("Subscribe", "topicfilter/*"),
        ("Receive", "topic/*"),
    ]);
    for engine in Engine::available() {
        let both = {
            let mut one: Value = serde_json::from_str(&lasting).unwrap();
            let other: Value = serde_json::from_str(&transient).unwrap();
            let statements = one["Statement"].as_array_mut().unwrap();
            statements.extend(other["Statement"].as_array().unwrap().iter().cloned());
            one.to_string()
        };
        let lab = lab(engine, &both).await;
        let device = lab.device(EVERYTHING).await;
        let mut sender = lab.dial(&device).connect("sender").await;
        assert_eq!(join(&mut open(&lab).await, persistent("brief")).await, None);
        let mut brief = open(&lab).await;
        assert_eq!(join(&mut brief, connect("brief")).await, Some(false));
        leave(brief).await;

        let mut web = open(&lab).await;
        assert_eq!(join(&mut web, persistent("web")).await, Some(false));
        listen(&mut web, "a").await;
        leave(web).await;
        lab.until_connected(1).await;
        assert!(sender.publish("a", b"waits").await);
        let mut web = open(&lab).await;
        assert_eq!(join(&mut web, persistent("web")).await, Some(true));
        assert_eq!(&came(&mut web).await.message.payload[..], b"waits");
        leave(web).await;
        lab.until_connected(1).await;
        // A session belongs to the client id, whoever uses it.
        let (wire, present) = lab.dial(&device).open(persistent("web")).await.unwrap();
        assert!(present);
        drop(wire);
        lab.until_connected(1).await;
        // It ends an hour after its client left.
        lab.advance(Duration::from_secs(3_600));
        let mut web = open(&lab).await;
        assert_eq!(join(&mut web, persistent("web")).await, Some(false));
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_message_is_retained_for_who_signed_only_with_its_own_leave() {
    let document = allow(&[
        ("Connect", "client/*"),
        ("Publish", "topic/*"),
        ("RetainPublish", "topic/kept"),
        ("Subscribe", "topicfilter/*"),
        ("Receive", "topic/*"),
    ]);
    for engine in Engine::available() {
        let lab = lab(engine, &document).await;
        let retained = |topic: &str| {
            let mut message = message(topic, b"kept");
            message.retain = true;
            Packet::Publish(Publish {
                message,
                qos: PublishQos::AtLeastOnce(id(9)),
                duplicate: false,
                topic_alias: None,
            })
        };
        let mut web = open(&lab).await;
        assert!(web.introduce(connect("web")).await);
        web.send(&retained("kept")).await;
        assert_eq!(web.next().await, Some(Packet::PubAck(PubAck::success(id(9)))));
        web.send(&retained("other")).await;
        assert_eq!(web.next().await, None);
        for (topic, expected) in [("kept", true), ("other", false)] {
            let mut web = open(&lab).await;
            assert!(web.introduce(connect("web")).await);
            listen(&mut web, topic).await;
            match expected {
                true => assert!(came(&mut web).await.message.retain),
                false => {
                    assert!(web.publish("other").await);
                    assert!(!came(&mut web).await.message.retain);
                }
            }
        }
        lab.stop().await;
    }
}

/// The next event, without what differs each time.
async fn event(wire: &mut super::wire::Wire) -> (String, Value) {
    let (topic, payload, _) = wire.message().await;
    let mut body: Value = serde_json::from_slice(&payload).unwrap();
    let members = body.as_object_mut().unwrap();
    assert_eq!(
        members
            .remove("sessionIdentifier")
            .unwrap()
            .as_str()
            .unwrap()
            .len(),
        36
    );
    assert!(members.remove("timestamp").unwrap().is_i64());
    (topic, body)
}

#[tokio::test]
async fn events_tell_of_who_signed_by_its_id() {
    let lab = lab(
        Engine::Sqlite,
        &allow(&[("Connect", "client/web"), ("Subscribe", "topicfilter/a")]),
    )
    .await;
    let device = lab.device(EVERYTHING).await;
    let mut watcher = lab.dial(&device).connect("watcher").await;
    for filter in ["$aws/events/presence/+/web", "$aws/events/subscriptions/+/web"] {
        watcher.subscribe(filter, AtMostOnce).await;
    }
    watcher
        .subscribe("$aws/events/presence/connect_failed/other", AtMostOnce)
        .await;
    let seen = lab.server.administrator();
    let who = done(sts(&client_with(&seen, "AKUSER"), "GetCallerIdentity", json!({})).await);
    let text = String::from_utf8(who.body).unwrap();
    let user_id = text.split("<UserId>").nth(1).unwrap().split('<').next().unwrap();

    let mut web = open(&lab).await;
    assert!(web.introduce(connect("web")).await);
    assert_eq!(
        event(&mut watcher).await,
        (
            "$aws/events/presence/connected/web".into(),
            json!({
                "clientId": "web", "eventType": "connected", "principalIdentifier": user_id,
                "ipAddress": "127.0.0.1", "versionNumber": 0,
            })
        )
    );
    assert!(web.subscribe("a").await);
    assert_eq!(
        event(&mut watcher).await,
        (
            "$aws/events/subscriptions/subscribed/web".into(),
            json!({
                "clientId": "web", "eventType": "subscribed", "principalIdentifier": user_id, "topics": ["a"],
            })
        )
    );
    let gone = |reason: &str, by_client: bool, version: u64| {
        json!({
            "clientId": "web", "eventType": "disconnected", "principalIdentifier": user_id,
            "clientInitiatedDisconnect": by_client, "disconnectReason": reason, "versionNumber": version,
        })
    };
    leave(web).await;
    assert_eq!(
        event(&mut watcher).await.1,
        gone("CLIENT_INITIATED_DISCONNECT", true, 0)
    );
    let mut web = open(&lab).await;
    assert!(web.introduce(connect("web")).await);
    assert_eq!(event(&mut watcher).await.1["versionNumber"], 1);
    // A day is as long as a signature opens a connection for.
    lab.advance(Duration::from_secs(24 * 3_600));
    assert_eq!(web.next().await, None);
    assert_eq!(
        event(&mut watcher).await.1,
        gone("WEBSOCKET_TTL_EXPIRATION", false, 1)
    );
    let mut other = open(&lab).await;
    assert!(!other.introduce(connect("other")).await);
    let (_, failed) = event(&mut watcher).await;
    assert_eq!(
        failed,
        json!({
            "clientId": "other", "eventType": "connect_failed", "principalIdentifier": user_id,
            "connectFailureReason": "AUTHORIZATION_FAILED", "ipAddress": "127.0.0.1",
        })
    );
    lab.stop().await;
}

fn client_with(client: &thingsmith_testkit::Client, key: &str) -> thingsmith_testkit::Client {
    let mut client = client.clone();
    client.signer.access_key_id = key.into();
    client
}

#[tokio::test]
async fn a_session_of_a_role_that_ends_ends_its_connection_and_its_will_is_told() {
    for engine in Engine::available() {
        let lab = lab(engine, EVERYTHING).await;
        let administrator = lab.server.administrator();
        let trust = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}});
        let role = json!({"RoleName": "line", "AssumeRolePolicyDocument": trust.to_string()});
        done(iam(&administrator, "CreateRole", role).await);
        let put = json!({"RoleName": "line", "PolicyName": "p", "PolicyDocument": EVERYTHING});
        done(iam(&administrator, "PutRolePolicy", put).await);
        let asked = json!({
            "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/line"), "RoleSessionName": "shift",
            "DurationSeconds": 900,
        });
        let made = done(sts(&administrator, "AssumeRole", asked).await);
        let mut session = client_of(&lab.server, &made).signer;
        session.service = "iotdevicegateway".into();
        session.region = REGION.into();

        let device = lab.device(EVERYTHING).await;
        let mut watcher = lab.dial(&device).connect("watcher").await;
        for filter in ["$aws/events/presence/disconnected/web", "wills/web"] {
            watcher.subscribe(filter, AtLeastOnce).await;
        }
        let target = url(&lab, &session, None);
        let with_will = Connect {
            will: Some(Will {
                message: message("wills/web", b"gone"),
                qos: AtLeastOnce,
                delay_seconds: 0,
            }),
            ..persistent("web")
        };
        let mut web = Socket::open(nobody(&lab), &target).await;
        assert_eq!(join(&mut web, with_will).await, Some(false));
        listen(&mut web, "a").await;
        lab.advance(Duration::from_secs(899));
        assert!(web.publish("b").await, "it has a second left");
        lab.advance(Duration::from_secs(1));
        assert_eq!(web.next().await, None);
        let told: Value = serde_json::from_slice(&watcher.message().await.1).unwrap();
        assert_eq!(told["disconnectReason"], "FORBIDDEN_ACCESS");
        // The will of a session that may do nothing any more is not published. What its client was subscribed to waits.
        watcher.publish_qos_0("wills/web", b"by hand").await;
        assert_eq!(watcher.text().await, "by hand");
        assert!(watcher.publish("a", b"waits").await);
        let again = json!({
            "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/line"), "RoleSessionName": "shift",
            "DurationSeconds": 900,
        });
        let made = done(sts(&administrator, "AssumeRole", again).await);
        let mut session = client_of(&lab.server, &made).signer;
        session.service = "iotdevicegateway".into();
        let mut web = Socket::open(nobody(&lab), &url(&lab, &session, None)).await;
        assert_eq!(join(&mut web, persistent("web")).await, Some(true));
        assert_eq!(&came(&mut web).await.message.payload[..], b"waits");
        lab.stop().await;
    }
}
