//! Packets of every kind, for property tests.

pub(crate) mod v5;

use bytes::Bytes;
use proptest::option;
use proptest::prelude::*;

use crate::*;

/// A QoS 0 message.
pub(crate) fn publish(topic: &str, payload: &[u8]) -> Publish {
    Publish {
        message: message(topic, payload),
        qos: PublishQos::AtMostOnce,
        duplicate: false,
        topic_alias: None,
    }
}

pub(crate) fn message(topic: &str, payload: &[u8]) -> Message {
    Message {
        topic: TopicName::parse(topic, &TopicLimits::default()).unwrap(),
        payload: Bytes::copy_from_slice(payload),
        retain: false,
        properties: None,
    }
}

pub(crate) fn filter(text: &str) -> TopicFilter {
    TopicFilter::parse(text, &TopicLimits::default()).unwrap()
}

fn packet_ids() -> impl Strategy<Value = PacketId> {
    any::<PacketId>()
}

fn qos() -> impl Strategy<Value = Qos> {
    prop::sample::select(vec![Qos::AtMostOnce, Qos::AtLeastOnce, Qos::ExactlyOnce])
}

fn messages() -> impl Strategy<Value = Message> {
    let topics = "[a-zπ $/\u{1}\u{10ffff}]{1,30}".prop_filter_map("eight levels", |text| {
        TopicName::parse(&text, &TopicLimits::default()).ok()
    });
    (topics, prop::collection::vec(any::<u8>(), 0..300), any::<bool>()).prop_map(
        |(topic, payload, retain)| Message {
            topic,
            payload: payload.into(),
            retain,
            properties: None,
        },
    )
}

fn filters() -> impl Strategy<Value = TopicFilter> {
    "(\\$share/[a-z]{1,3}/)?(([a-zπ$]{0,4}|\\+)/){0,6}([a-z]{1,4}|\\+|#)".prop_map(|text| filter(&text))
}

pub(crate) fn connects() -> impl Strategy<Value = Connect> {
    let credentials = option::of((".{0,20}", option::of(prop::collection::vec(any::<u8>(), 0..20))));
    let wills = option::of((messages(), qos()).prop_map(|(message, qos)| Will {
        message,
        qos,
        delay_seconds: 0,
    }));
    ("[a-z$π]{0,12}", any::<bool>(), any::<u16>(), wills, credentials).prop_map(
        |(client_id, clean_session, keep_alive_seconds, will, credentials)| {
            let (user_name, password) = credentials.unzip();
            Connect {
                client_id,
                clean_session,
                keep_alive_seconds,
                will,
                user_name: user_name.map(|name| name.replace('\0', "")),
                password: password.flatten().map(Into::into),
                ..Connect::default()
            }
        },
    )
}

pub(crate) fn publishes() -> impl Strategy<Value = Publish> {
    (messages(), qos(), packet_ids(), any::<bool>()).prop_map(|(message, qos, packet_id, duplicate)| {
        Publish {
            message,
            qos: match qos {
                Qos::AtMostOnce => PublishQos::AtMostOnce,
                Qos::AtLeastOnce => PublishQos::AtLeastOnce(packet_id),
                Qos::ExactlyOnce => PublishQos::ExactlyOnce(packet_id),
            },
            duplicate: duplicate && qos != Qos::AtMostOnce,
            topic_alias: None,
        }
    })
}

/// Every packet of MQTT 3.1.1 but the answer to another version, which is never read.
pub(crate) fn packets() -> impl Strategy<Value = Packet> {
    let connacks = prop_oneof![
        any::<bool>().prop_map(|session_present| ConnAck::new(session_present, ReasonCode::Success)),
        prop::sample::select(vec![
            ReasonCode::UnsupportedProtocolVersion,
            ReasonCode::ClientIdentifierNotValid,
            ReasonCode::ServerUnavailable,
            ReasonCode::BadUserNameOrPassword,
            ReasonCode::NotAuthorized,
        ])
        .prop_map(|code| ConnAck::new(false, code)),
    ];
    let subscription = (filters(), qos()).prop_map(|(filter, qos)| Subscription {
        filter,
        qos,
        options: SubscriptionOptions::default(),
    });
    let grant = prop_oneof![
        qos().prop_map(Grant::Granted),
        Just(Grant::Refused(ReasonCode::UnspecifiedError))
    ];
    prop_oneof![
        connects().prop_map(|connect| Packet::Connect(Box::new(connect))),
        connacks.prop_map(Packet::ConnAck),
        publishes().prop_map(Packet::Publish),
        packet_ids().prop_map(|packet_id| Packet::PubAck(PubAck::success(packet_id))),
        (packet_ids(), prop::collection::vec(subscription, 1..=8)).prop_map(|(packet_id, subscriptions)| {
            Packet::Subscribe(Subscribe {
                packet_id,
                subscriptions,
                properties: SubscribeProperties::default(),
            })
        }),
        (packet_ids(), prop::collection::vec(grant, 1..=8)).prop_map(|(packet_id, grants)| Packet::SubAck(
            SubAck {
                packet_id,
                grants,
                problem: None
            }
        )),
        (packet_ids(), prop::collection::vec(filters(), 1..=10)).prop_map(|(packet_id, filters)| {
            Packet::Unsubscribe(Unsubscribe {
                packet_id,
                filters,
                user_properties: vec![],
            })
        }),
        packet_ids().prop_map(|packet_id| Packet::UnsubAck(UnsubAck {
            packet_id,
            codes: vec![],
            problem: None
        })),
        Just(Packet::PingReq),
        Just(Packet::PingResp),
        Just(Packet::Disconnect(Disconnect::default())),
    ]
}
