//! MQTT 5: what its clients are told, and what its messages carry.

use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use thingsmith_core::messages::QueueLimits;
use thingsmith_gateway::Config;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce, ExactlyOnce};
use thingsmith_mqtt::{
    Auth, ConnAck, ConnAckProperties, Connect, ConnectProperties, Disconnect, Grant, KeepAlive, Message,
    MessageProperties, Packet, PubAck, Publish, PublishQos, Qos, ReasonCode, Subscribe, SubscribeProperties,
    Subscription, SubscriptionOptions, TopicFilter, TopicLimits, TopicName,
};

use super::lab::{Device, EVERYTHING, Lab, allow};
use super::wire::{Wire, connect, connect_5, id, message, publish};

/// Sends a CONNECT and gives back its answer, with the connection.
async fn introduce(lab: &Lab, device: &Device, connect: Connect) -> (ConnAck, Wire) {
    let mut wire = lab.dial(device).tls().await.unwrap();
    wire.introduce(connect).await;
    match wire.next().await {
        Some(Packet::ConnAck(answer)) => (answer, wire),
        other => panic!("{other:?} is no answer to CONNECT"),
    }
}

async fn join(lab: &Lab, device: &Device, connect: Connect) -> Wire {
    let (answer, wire) = introduce(lab, device, connect).await;
    assert_eq!(answer.code, ReasonCode::Success);
    wire
}

fn asking(client_id: &str, properties: ConnectProperties) -> Connect {
    Connect {
        properties,
        ..connect_5(client_id)
    }
}

fn with_properties(topic: &str, payload: &[u8], properties: MessageProperties) -> Message {
    Message {
        properties: Some(Arc::new(properties)),
        ..message(topic, payload)
    }
}

fn sent(message: Message, qos: PublishQos) -> Packet {
    Packet::Publish(Publish {
        message,
        qos,
        duplicate: false,
        topic_alias: None,
    })
}

fn expiring(topic: &str, seconds: u32) -> Packet {
    let properties = MessageProperties {
        message_expiry_seconds: Some(seconds),
        ..MessageProperties::default()
    };
    sent(
        with_properties(topic, b"brief", properties),
        PublishQos::AtLeastOnce(id(1)),
    )
}

/// The code with which the server says goodbye, after which nothing comes.
async fn goodbye(wire: &mut Wire) -> ReasonCode {
    match wire.next().await {
        Some(Packet::Disconnect(disconnect)) => {
            wire.ends().await;
            disconnect.code
        }
        other => panic!("{other:?} is no DISCONNECT"),
    }
}

async fn received(wire: &mut Wire) -> Publish {
    match wire.next().await {
        Some(Packet::Publish(publish)) => publish,
        other => panic!("{other:?} is no message"),
    }
}

#[tokio::test]
async fn connack_says_what_the_server_has() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let (answer, _wire) = introduce(&lab, &device, connect_5("pump")).await;
    let usual = ConnAckProperties {
        receive_maximum: NonZeroU16::new(100),
        maximum_qos: Some(AtLeastOnce),
        retain_available: Some(true),
        maximum_packet_bytes: Some(149_504),
        topic_alias_maximum: Some(8),
        wildcard_available: Some(true),
        subscription_identifiers_available: Some(false),
        shared_available: Some(true),
        ..ConnAckProperties::default()
    };
    assert_eq!(
        answer,
        ConnAck {
            session_present: false,
            code: ReasonCode::Success,
            properties: Some(Box::new(usual.clone())),
        }
    );
    // What is not as it was asked for is said; a nameless client learns its name, and may use it.
    let eager = Connect {
        keep_alive_seconds: 5,
        clean_session: false,
        properties: ConnectProperties {
            session_expiry_seconds: u32::MAX,
            ..ConnectProperties::default()
        },
        ..connect_5("")
    };
    let (answer, _wire) = introduce(&lab, &device, eager).await;
    let mut properties = *answer.properties.unwrap();
    let assigned = properties.assigned_client_id.take().unwrap();
    assert_eq!(
        properties,
        ConnAckProperties {
            session_expiry_seconds: Some(604_800),
            keep_alive_seconds: Some(30),
            ..usual
        }
    );
    assert_eq!(assigned.len(), 32);
    let _again = join(&lab, &device, connect_5(&assigned)).await;
}

#[tokio::test]
async fn a_connect_that_is_refused_is_told_why() {
    let lab = Lab::start().await;
    let (device, stranger) = (lab.device(EVERYTHING).await, lab.stranger("stranger").await);
    let tiny = ConnectProperties {
        maximum_packet_bytes: Some(511),
        ..ConnectProperties::default()
    };
    let scram = ConnectProperties {
        authentication_method: Some("SCRAM-SHA-1".to_owned()),
        ..ConnectProperties::default()
    };
    let will = Connect {
        will: Some(thingsmith_mqtt::Will {
            message: message("a", b"gone"),
            qos: ExactlyOnce,
            delay_seconds: 0,
        }),
        ..connect_5("pump")
    };
    for (device, connect, code) in [
        (&stranger, connect_5("pump"), ReasonCode::NotAuthorized),
        (&device, connect_5("$pump"), ReasonCode::ClientIdentifierNotValid),
        (
            &device,
            connect_5(&"p".repeat(129)),
            ReasonCode::ClientIdentifierNotValid,
        ),
        (&device, asking("pump", tiny), ReasonCode::UnspecifiedError),
        (
            &device,
            asking("pump", scram),
            ReasonCode::BadAuthenticationMethod,
        ),
        (&device, will, ReasonCode::QosNotSupported),
    ] {
        let (answer, mut wire) = introduce(&lab, device, connect).await;
        assert_eq!((answer.code, answer.session_present), (code, false));
        wire.ends().await;
    }
    // 0x22 is Topic Alias Maximum, of which half is missing.
    for (body, code) in [
        (&b"\0\x04MQTT\x05\x02\0\x3c\x02\x22\0\0\x01c"[..], 0x81),
        (b"\0\x04MQTT\x05\x02\0\x3c\x03\x23\0\x01\0\x01c", 0x82),
    ] {
        let mut wire = lab.dial(&device).tls().await.unwrap();
        wire.bytes(&[&[0x10, body.len() as u8], body].concat()).await;
        assert_eq!(wire.rest().await, [0x20, 3, 0, code, 0]);
    }
}

#[tokio::test]
async fn a_message_that_is_not_allowed_is_refused_and_the_client_stays() {
    let lab = Lab::start().await;
    let device = lab
        .device(&allow(&[("Connect", "client/*"), ("Publish", "topic/mine")]))
        .await;
    let mut wire = join(&lab, &device, connect_5("pump")).await;
    for (topic, code) in [
        ("mine", ReasonCode::Success),
        ("yours", ReasonCode::NotAuthorized),
        ("$aws/anything", ReasonCode::NotAuthorized),
        ("mine", ReasonCode::Success),
    ] {
        wire.send(&publish(topic, b"x", PublishQos::AtLeastOnce(id(3))))
            .await;
        let expected = Packet::PubAck(PubAck::new(id(3), code));
        assert_eq!(wire.next().await, Some(expected), "{topic}");
    }
    // QoS 0 has no answer that could say it.
    wire.publish_qos_0("mine", b"x").await;
    assert!(wire.is_alive().await);
    wire.publish_qos_0("yours", b"x").await;
    assert_eq!(goodbye(&mut wire).await, ReasonCode::NotAuthorized);
}

#[tokio::test]
async fn subscriptions_are_answered_each_with_its_code() {
    let lab = Lab::start().await;
    let device = lab
        .device(&allow(&[
            ("Connect", "client/*"),
            ("Subscribe", "topicfilter/mine"),
        ]))
        .await;
    let mut wire = join(&lab, &device, connect_5("pump")).await;
    let grants = wire
        .subscribe_all(&[
            ("mine", AtLeastOnce),
            ("yours", AtLeastOnce),
            ("mine", ExactlyOnce),
        ])
        .await;
    assert_eq!(
        grants,
        [
            Grant::Granted(AtLeastOnce),
            Grant::Refused(ReasonCode::NotAuthorized),
            Grant::Refused(ReasonCode::UnspecifiedError),
        ]
    );
    let everything = lab.device(EVERYTHING).await;
    let mut greedy = join(&lab, &everything, connect_5("greedy")).await;
    for number in 0..50 {
        let grant = greedy.subscribe(&format!("topic/{number}"), AtMostOnce).await;
        assert_eq!(grant, Grant::Granted(AtMostOnce));
    }
    assert_eq!(
        greedy.subscribe("topic/50", AtMostOnce).await,
        Grant::Refused(ReasonCode::QuotaExceeded)
    );
    let filters = ["topic/1", "never"].map(|text| TopicFilter::parse(text, &TopicLimits::default()).unwrap());
    greedy
        .send(&Packet::Unsubscribe(thingsmith_mqtt::Unsubscribe {
            packet_id: id(4),
            filters: filters.to_vec(),
            user_properties: vec![],
        }))
        .await;
    assert!(
        matches!(greedy.next().await, Some(Packet::UnsubAck(answer)) if answer.codes == [ReasonCode::Success; 2])
    );
}

#[tokio::test]
async fn properties_travel_to_mqtt_5_clients_and_not_to_others() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut new = join(&lab, &device, connect_5("new")).await;
    let mut old = lab.dial(&device).connect("old").await;
    for wire in [&mut new, &mut old] {
        wire.subscribe("requests/#", AtLeastOnce).await;
    }
    let properties = MessageProperties {
        payload_is_utf8: true,
        message_expiry_seconds: None,
        content_type: Some("application/json".to_owned()),
        response_topic: Some(TopicName::parse("answers/7", &TopicLimits::default()).unwrap()),
        correlation_data: Some(b"\0\x01".to_vec().into()),
        user_properties: [("unit", "bar"), ("unit", "psi"), ("", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec(),
    };
    let sender = join(&lab, &device, connect_5("sender"));
    let said = with_properties("requests/1", b"{}", properties.clone());
    sender
        .await
        .send(&sent(said.clone(), PublishQos::AtMostOnce))
        .await;
    assert_eq!(received(&mut new).await.message, said);
    let plain = received(&mut old).await.message;
    assert_eq!((plain.properties, &plain.payload[..]), (None, &b"{}"[..]));
    // And from MQTT 3.1.1 to 5.
    old.publish("requests/2", b"plain").await;
    assert_eq!(received(&mut new).await.message.properties, None);
}

#[tokio::test]
async fn a_topic_alias_stands_for_its_topic() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let aliases = ConnectProperties {
        topic_alias_maximum: 1,
        ..ConnectProperties::default()
    };
    let mut receiver = join(&lab, &device, asking("receiver", aliases)).await;
    receiver.subscribe("#", AtMostOnce).await;
    let mut sender = join(&lab, &device, connect_5("sender")).await;
    // PUBLISH with alias 8: set, used, set anew, used.
    for (topic, payload) in [("a", "1"), ("", "2"), ("b", "3"), ("", "4")] {
        let body = [
            &[0, topic.len() as u8],
            topic.as_bytes(),
            b"\x03\x23\0\x08",
            payload.as_bytes(),
        ]
        .concat();
        sender
            .bytes(&[&[0x30, body.len() as u8], &body[..]].concat())
            .await;
    }
    // The receiver keeps one alias, which is for the first topic it gets.
    let seen = [
        received(&mut receiver).await,
        received(&mut receiver).await,
        received(&mut receiver).await,
        received(&mut receiver).await,
    ]
    .map(|publish| {
        let alias = publish.topic_alias.map_or(0, NonZeroU16::get);
        (
            publish.message.topic.to_string(),
            alias,
            publish.message.payload[0],
        )
    });
    let expected = [("a", 1, b'1'), ("", 1, b'2'), ("b", 0, b'3'), ("b", 0, b'4')];
    assert_eq!(
        seen,
        expected.map(|(topic, alias, payload)| (topic.to_owned(), alias, payload))
    );
    for (body, code) in [
        (&b"\0\x01a\x03\x23\0\x09x"[..], ReasonCode::TopicAliasInvalid),
        (b"\0\x01a\x03\x23\0\0x", ReasonCode::TopicAliasInvalid),
        (b"\0\0\x03\x23\0\x01x", ReasonCode::ProtocolError),
        (b"\0\0\0x", ReasonCode::ProtocolError),
    ] {
        let mut wire = join(&lab, &device, connect_5("wrong")).await;
        wire.bytes(&[&[0x30, body.len() as u8], body].concat()).await;
        assert_eq!(goodbye(&mut wire).await, code);
    }
}

#[tokio::test]
async fn no_more_is_in_flight_than_the_client_takes() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let two = ConnectProperties {
        receive_maximum: NonZeroU16::new(2),
        ..ConnectProperties::default()
    };
    let mut receiver = join(&lab, &device, asking("receiver", two)).await;
    receiver.subscribe("a", AtLeastOnce).await;
    let mut sender = join(&lab, &device, connect_5("sender")).await;
    for payload in [b"1", b"2", b"3", b"4"] {
        assert!(sender.publish("a", payload).await);
    }
    let first = received(&mut receiver).await;
    assert_eq!(received(&mut receiver).await.message.payload, b"2"[..]);
    assert!(
        receiver.is_alive().await,
        "and no third message before the answer"
    );
    let first = first.qos.packet_id().unwrap();
    receiver
        .send(&Packet::PubAck(PubAck::new(first, ReasonCode::UnspecifiedError)))
        .await;
    assert_eq!(received(&mut receiver).await.message.payload, b"3"[..]);
    assert!(receiver.is_alive().await);
}

#[tokio::test]
async fn a_message_longer_than_the_client_takes_is_left_out() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let small = ConnectProperties {
        maximum_packet_bytes: Some(512),
        ..ConnectProperties::default()
    };
    let mut receiver = join(&lab, &device, asking("receiver", small)).await;
    receiver.subscribe("a", AtLeastOnce).await;
    let mut sender = join(&lab, &device, connect_5("sender")).await;
    // Three bytes of header, three of topic, two of identifier, one of properties.
    for bytes in [503, 504, 1] {
        assert!(sender.publish("a", &vec![b'x'; bytes]).await);
    }
    for bytes in [503, 1] {
        assert_eq!(received(&mut receiver).await.message.payload.len(), bytes);
    }
}

#[tokio::test]
async fn an_expiry_is_bounded_and_its_rest_is_sent() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut new = join(&lab, &device, connect_5("new")).await;
    new.subscribe("a", AtMostOnce).await;
    for (asked, least, most) in [(600, 500, 600), (u32::MAX, 604_700, 604_800)] {
        new.send(&expiring("a", asked)).await;
        let mut rest = None;
        for _ in 0..2 {
            match new.next().await {
                Some(Packet::Publish(publish)) => rest = publish.message.expiry_seconds(),
                Some(Packet::PubAck(_)) => {}
                other => panic!("{other:?} is neither the message nor its answer"),
            }
        }
        let rest = rest.unwrap();
        assert!((least..=most).contains(&rest), "{rest} of {asked}");
    }
}

#[tokio::test]
async fn who_does_not_want_its_own_messages_gets_only_others() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut wire = join(&lab, &device, connect_5("pump")).await;
    let options = SubscriptionOptions {
        no_local: true,
        ..SubscriptionOptions::default()
    };
    wire.send(&subscribe("a", AtMostOnce, options, None)).await;
    assert!(matches!(wire.next().await, Some(Packet::SubAck(_))));
    assert!(wire.publish("a", b"own").await);
    let mut other = join(&lab, &device, connect_5("other")).await;
    assert!(other.publish("a", b"other").await);
    assert_eq!(wire.text().await, "other");
}

fn subscribe(filter: &str, qos: Qos, options: SubscriptionOptions, identifier: Option<u32>) -> Packet {
    Packet::Subscribe(Subscribe {
        packet_id: id(7),
        subscriptions: vec![Subscription {
            filter: TopicFilter::parse(filter, &TopicLimits::default()).unwrap(),
            qos,
            options,
        }],
        properties: SubscribeProperties {
            subscription_identifier: identifier.and_then(std::num::NonZeroU32::new),
            user_properties: vec![("reason".to_owned(), "test".to_owned())],
        },
    })
}

#[tokio::test]
async fn who_breaks_a_rule_is_told_which() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let auth = Auth {
        code: ReasonCode::ReAuthenticate,
        method: Some("SCRAM-SHA-1".to_owned()),
        data: None,
        problem: None,
    };
    let raise = Disconnect {
        session_expiry_seconds: Some(1),
        ..Disconnect::default()
    };
    for (packet, code) in [
        (
            publish("a", b"x", PublishQos::ExactlyOnce(id(1))),
            ReasonCode::QosNotSupported,
        ),
        (
            subscribe("a", AtMostOnce, SubscriptionOptions::default(), Some(1)),
            ReasonCode::SubscriptionIdentifiersNotSupported,
        ),
        (Packet::Auth(auth), ReasonCode::ProtocolError),
        (Packet::Disconnect(raise), ReasonCode::ProtocolError),
        (Packet::PingResp, ReasonCode::ProtocolError),
        (
            Packet::Connect(Box::new(connect_5("pump"))),
            ReasonCode::ProtocolError,
        ),
        (
            publish("1/2/3/4/5/6/7/8/9", b"x", PublishQos::AtMostOnce),
            ReasonCode::TopicNameInvalid,
        ),
        (
            publish("a", &vec![0; 128 * 1024 + 1], PublishQos::AtMostOnce),
            ReasonCode::QuotaExceeded,
        ),
    ] {
        let mut wire = join(&lab, &device, connect_5("pump")).await;
        wire.send(&packet).await;
        assert_eq!(goodbye(&mut wire).await, code, "{packet:?}");
    }
    for (bytes, code) in [
        (&b"\x82\x08\0\x01\0\0\x02#a\0"[..], ReasonCode::TopicFilterInvalid),
        (b"\x32\x06\0\x01t\0\0\0", ReasonCode::ProtocolError),
        (b"\x36\x06\0\x01t\0\x01\0", ReasonCode::MalformedPacket),
        (b"\x50\x02\0\x01", ReasonCode::ProtocolError),
        (b"\xc0\x80\0", ReasonCode::MalformedPacket),
        (b"\x30\xff\xff\xff\x7f", ReasonCode::QuotaExceeded),
    ] {
        let mut wire = join(&lab, &device, connect_5("pump")).await;
        wire.bytes(bytes).await;
        assert_eq!(goodbye(&mut wire).await, code, "{bytes:02x?}");
    }
}

#[tokio::test]
async fn reasons_are_given_to_who_wants_them() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    for wanted in [true, false] {
        let properties = ConnectProperties {
            request_problem_information: wanted,
            ..ConnectProperties::default()
        };
        let mut wire = join(&lab, &device, asking("pump", properties)).await;
        wire.send(&Packet::PingResp).await;
        let Some(Packet::Disconnect(disconnect)) = wire.next().await else {
            panic!("the server says goodbye");
        };
        let reason = disconnect.problem.and_then(|problem| problem.reason);
        assert_eq!(reason.as_deref(), wanted.then_some("PingResp may not come now"));
    }
}

#[tokio::test]
async fn the_server_says_why_it_ends_a_connection() {
    let mut config = Config::default();
    config.mqtt.keep_alive = KeepAlive {
        minimum_seconds: 1,
        maximum_seconds: 2,
    };
    config.delivery_queue = QueueLimits {
        messages: 8,
        bytes: 1024,
    };
    let lab = Lab::with(config).await;
    let device = lab.device(EVERYTHING).await;
    let mut older = join(&lab, &device, connect_5("pump")).await;
    let mut newer = join(&lab, &device, connect_5("pump")).await;
    assert_eq!(goodbye(&mut older).await, ReasonCode::SessionTakenOver);
    let silent = Connect {
        keep_alive_seconds: 1,
        ..connect_5("silent")
    };
    let mut silent = join(&lab, &device, silent).await;
    let (said, _) = tokio::join!(goodbye(&mut silent), async {
        for _ in 0..3 {
            assert!(newer.is_alive().await);
        }
    });
    assert_eq!(said, ReasonCode::KeepAliveTimeout);
    let mut last = join(&lab, &device, connect_5("last")).await;
    lab.stop().await;
    assert_eq!(goodbye(&mut last).await, ReasonCode::ServerShuttingDown);
}

#[tokio::test]
async fn a_certificate_that_is_revoked_is_not_authorized_at_the_next_step() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut wire = join(&lab, &device, connect_5("pump")).await;
    lab.set_status(&device, thingsmith_model::CertificateStatus::Revoked)
        .await;
    lab.advance(Duration::from_secs(2));
    wire.send(&publish("a", b"x", PublishQos::AtLeastOnce(id(3))))
        .await;
    assert_eq!(goodbye(&mut wire).await, ReasonCode::NotAuthorized);
}

#[tokio::test]
async fn versions_share_client_ids_and_groups() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut new = join(&lab, &device, connect_5("pump")).await;
    let mut old = lab.dial(&device).try_connect_as(connect("pump")).await.unwrap();
    assert_eq!(goodbye(&mut new).await, ReasonCode::SessionTakenOver);
    let mut new = join(&lab, &device, connect_5("other")).await;
    for wire in [&mut new, &mut old] {
        wire.subscribe("$share/g/a", AtMostOnce).await;
    }
    for _ in 0..2 {
        old.publish_qos_0("a", b"x").await;
    }
    assert_eq!(new.text().await, "x");
    assert_eq!(old.text().await, "x");
}
