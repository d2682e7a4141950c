//! Packets of MQTT 5.

use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;

use super::*;

fn texts() -> impl Strategy<Value = String> {
    "[a-zπ \u{1}\u{10ffff}]{0,8}"
}

fn users() -> impl Strategy<Value = UserProperties> {
    prop::collection::vec((texts(), texts()), 0..3)
}

fn problems() -> impl Strategy<Value = Option<Box<Problem>>> {
    (option::of(texts()), users()).prop_map(|(reason, user_properties)| {
        let problem = Problem {
            reason,
            user_properties,
        };
        (problem != Problem::default()).then(|| Box::new(problem))
    })
}

fn binaries() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..8)
}

fn message_properties() -> impl Strategy<Value = Option<Arc<MessageProperties>>> {
    let topics = "[a-z]{1,4}(/[a-z]{0,4}){0,7}".prop_map(|text| message(&text, b"").topic);
    (
        any::<bool>(),
        option::of(any::<u32>()),
        option::of(texts()),
        option::of(topics),
        option::of(binaries()),
        users(),
    )
        .prop_map(
            |(payload_is_utf8, expiry, content_type, response_topic, data, user_properties)| {
                let properties = MessageProperties {
                    payload_is_utf8,
                    message_expiry_seconds: expiry,
                    content_type,
                    response_topic,
                    correlation_data: data.map(Bytes::from),
                    user_properties,
                };
                (!properties.is_empty()).then(|| Arc::new(properties))
            },
        )
}

fn connect_properties() -> impl Strategy<Value = ConnectProperties> {
    (
        any::<u32>(),
        option::of(any::<NonZeroU16>()),
        option::of(1..=u32::MAX),
        any::<u16>(),
        any::<[bool; 2]>(),
        option::of((texts(), option::of(binaries()))),
        users(),
    )
        .prop_map(
            |(expiry, receive_maximum, packet, aliases, requests, method, user_properties)| {
                let (authentication_method, data) = method.unzip();
                ConnectProperties {
                    session_expiry_seconds: expiry,
                    receive_maximum,
                    maximum_packet_bytes: packet,
                    topic_alias_maximum: aliases,
                    request_response_information: requests[0],
                    request_problem_information: requests[1],
                    authentication_method,
                    authentication_data: data.flatten().map(Into::into),
                    user_properties,
                }
            },
        )
}

fn connack_properties() -> impl Strategy<Value = Option<Box<ConnAckProperties>>> {
    let numbers = (
        option::of(any::<u32>()),
        option::of(any::<NonZeroU16>()),
        option::of(prop::sample::select(vec![Qos::AtMostOnce, Qos::AtLeastOnce])),
        option::of(1..=u32::MAX),
        option::of(any::<u16>()),
        option::of(any::<u16>()),
        any::<[Option<bool>; 4]>(),
    );
    let strings = (
        prop::array::uniform5(option::of(texts())),
        option::of(binaries()),
        users(),
    );
    (numbers, strings).prop_map(|(numbers, strings)| {
        let [id, reason, response, server, method] = strings.0;
        let properties = ConnAckProperties {
            session_expiry_seconds: numbers.0,
            receive_maximum: numbers.1,
            maximum_qos: numbers.2,
            maximum_packet_bytes: numbers.3,
            topic_alias_maximum: numbers.4,
            keep_alive_seconds: numbers.5,
            retain_available: numbers.6[0],
            wildcard_available: numbers.6[1],
            subscription_identifiers_available: numbers.6[2],
            shared_available: numbers.6[3],
            assigned_client_id: id,
            reason,
            response_information: response,
            server_reference: server,
            authentication_method: method,
            authentication_data: strings.1.map(Bytes::from),
            user_properties: strings.2,
        };
        (properties != ConnAckProperties::default()).then(|| Box::new(properties))
    })
}

fn connects() -> impl Strategy<Value = Connect> {
    let more = (connect_properties(), message_properties(), any::<u32>());
    (super::connects(), more, option::of(binaries())).prop_map(|(connect, more, password)| Connect {
        version: Version::V5,
        will: connect.will.map(|will| Will {
            message: Message {
                properties: more.1,
                ..will.message
            },
            qos: will.qos,
            delay_seconds: more.2,
        }),
        properties: more.0,
        password: password.map(Into::into),
        ..connect
    })
}

fn publishes() -> impl Strategy<Value = Publish> {
    let aliases = option::of((any::<NonZeroU16>(), any::<bool>()));
    (super::publishes(), message_properties(), aliases).prop_map(|(publish, properties, alias)| Publish {
        message: Message {
            topic: match alias {
                Some((_, true)) => TopicName::absent(),
                _ => publish.message.topic,
            },
            properties,
            ..publish.message
        },
        topic_alias: alias.map(|(alias, _)| alias),
        ..publish
    })
}

fn subscriptions() -> impl Strategy<Value = Subscription> {
    let handling = vec![
        RetainHandling::Send,
        RetainHandling::SendIfNew,
        RetainHandling::DoNotSend,
    ];
    (
        filters(),
        qos(),
        any::<[bool; 2]>(),
        prop::sample::select(handling),
    )
        .prop_map(|(filter, qos, bits, retain_handling)| Subscription {
            options: SubscriptionOptions {
                no_local: bits[0] && filter.share_name().is_none(),
                retain_as_published: bits[1],
                retain_handling,
            },
            filter,
            qos,
        })
}

fn codes(of: &'static [ReasonCode]) -> impl Strategy<Value = ReasonCode> {
    prop::sample::select(of)
}

/// Every packet of MQTT 5.
pub(crate) fn packets() -> impl Strategy<Value = Packet> {
    use ReasonCode::*;
    let connacks = (
        any::<bool>(),
        codes(&[Success, NotAuthorized, QuotaExceeded]),
        connack_properties(),
    )
        .prop_map(|(session_present, code, properties)| ConnAck {
            session_present: session_present && code == Success,
            code,
            properties,
        });
    let pubacks = (
        packet_ids(),
        codes(&[Success, NoMatchingSubscribers, NotAuthorized]),
        problems(),
    )
        .prop_map(|(packet_id, code, problem)| PubAck {
            packet_id,
            code,
            problem,
        });
    let subscribes = (
        packet_ids(),
        prop::collection::vec(subscriptions(), 1..=8),
        option::of(1..=268_435_455_u32),
        users(),
    )
        .prop_map(
            |(packet_id, subscriptions, identifier, user_properties)| Subscribe {
                packet_id,
                subscriptions,
                properties: SubscribeProperties {
                    subscription_identifier: identifier.and_then(NonZeroU32::new),
                    user_properties,
                },
            },
        );
    let grant = prop_oneof![
        qos().prop_map(Grant::Granted),
        codes(&[UnspecifiedError, NotAuthorized, TopicFilterInvalid]).prop_map(Grant::Refused)
    ];
    let subacks = (packet_ids(), prop::collection::vec(grant, 1..=8), problems()).prop_map(
        |(packet_id, grants, problem)| SubAck {
            packet_id,
            grants,
            problem,
        },
    );
    let unsubscribes = (packet_ids(), prop::collection::vec(filters(), 1..=10), users()).prop_map(
        |(packet_id, filters, user_properties)| Unsubscribe {
            packet_id,
            filters,
            user_properties,
        },
    );
    let answers = prop::collection::vec(codes(&[Success, NoSubscriptionExisted, NotAuthorized]), 1..=10);
    let unsubacks = (packet_ids(), answers, problems()).prop_map(|(packet_id, codes, problem)| UnsubAck {
        packet_id,
        codes,
        problem,
    });
    let reasons = codes(&[Success, DisconnectWithWill, SessionTakenOver, ServerMoved]);
    let disconnects = (reasons, option::of(any::<u32>()), option::of(texts()), problems()).prop_map(
        |(code, session_expiry_seconds, server_reference, problem)| Disconnect {
            code,
            session_expiry_seconds,
            server_reference,
            problem,
        },
    );
    let auths = (
        codes(&[ContinueAuthentication, ReAuthenticate]),
        texts(),
        option::of(binaries()),
        problems(),
    )
        .prop_map(|(code, method, data, problem)| Auth {
            code,
            method: Some(method),
            data: data.map(Into::into),
            problem,
        });
    prop_oneof![
        connects().prop_map(|connect| Packet::Connect(Box::new(connect))),
        connacks.prop_map(Packet::ConnAck),
        publishes().prop_map(Packet::Publish),
        pubacks.prop_map(Packet::PubAck),
        subscribes.prop_map(Packet::Subscribe),
        subacks.prop_map(Packet::SubAck),
        unsubscribes.prop_map(Packet::Unsubscribe),
        unsubacks.prop_map(Packet::UnsubAck),
        disconnects.prop_map(Packet::Disconnect),
        auths.prop_map(Packet::Auth),
        Just(Packet::PingReq),
        Just(Packet::PingResp),
    ]
}
