use std::num::NonZeroU16;
use std::sync::Arc;

use super::*;
use crate::{ConnectProperties, MessageProperties, SessionExpiry, Will};

fn connect_5(properties: ConnectProperties) -> Connect {
    Connect {
        version: Version::V5,
        client_id: "pump-1".to_owned(),
        keep_alive_seconds: 60,
        properties,
        ..Connect::default()
    }
}

impl Bench {
    fn connected_5(limits: Limits, properties: ConnectProperties) -> Self {
        let mut bench = Self::new(limits);
        bench.receive(Packet::Connect(Box::new(connect_5(properties))));
        bench
            .session
            .accept(false, None, bench.now_ms, &mut bench.actions);
        bench.actions.clear();
        bench.accepted = true;
        bench
    }
}

fn goodbye(code: ReasonCode, cause: Option<&MqttError>) -> Action {
    Action::Send(Packet::Disconnect(Disconnect {
        problem: cause.map(|cause| {
            Box::new(Problem {
                reason: Some(cause.to_string()),
                ..Problem::default()
            })
        }),
        ..Disconnect::new(code)
    }))
}

fn expiring(seconds: u32) -> Message {
    Message {
        properties: Some(Arc::new(MessageProperties {
            message_expiry_seconds: Some(seconds),
            ..MessageProperties::default()
        })),
        ..message("t", b"payload")
    }
}

fn remaining(actions: &[Action]) -> Vec<Option<u32>> {
    let sent = actions.iter().filter_map(|action| match action {
        Action::Send(Packet::Publish(publish)) => Some(publish.message.expiry_seconds()),
        _ => None,
    });
    sent.collect()
}

#[test]
fn a_denied_message_is_acknowledged_with_its_code_or_ends_the_connection() {
    let mut bench = Bench::connected_5(Limits::default(), ConnectProperties::default());
    let denied = Answer::Denied(ReasonCode::NotAuthorized, DisconnectReason::ForbiddenAccess);
    bench.receive(publish_with(PublishQos::AtLeastOnce(id(1))));
    let refused = PubAck::new(id(1), ReasonCode::NotAuthorized);
    assert_eq!(
        bench.answer(denied.clone()),
        [Action::Send(Packet::PubAck(refused))]
    );
    bench.receive(publish_with(PublishQos::AtMostOnce));
    let close = Action::Close {
        reason: DisconnectReason::ForbiddenAccess,
        cause: None,
        publish_will: false,
    };
    assert_eq!(
        bench.answer(denied),
        [goodbye(ReasonCode::NotAuthorized, None), close]
    );
}

#[test]
fn a_message_beyond_a_rate_goes_nowhere_and_the_client_stays() {
    let discarded = Answer::Discarded(ReasonCode::QuotaExceeded);
    let mut five = Bench::connected_5(Limits::default(), ConnectProperties::default());
    let mut three = Bench::connected(Limits::default());
    for number in 1..=200 {
        let publish = || publish_with(PublishQos::AtLeastOnce(id(number)));
        five.receive(publish());
        let told = PubAck::new(id(number), ReasonCode::QuotaExceeded);
        assert_eq!(
            five.answer(discarded.clone()),
            [Action::Send(Packet::PubAck(told))]
        );
        // MQTT 3.1.1 has no word for it, and PUBACK would be a lie.
        three.receive(publish());
        assert_eq!(three.answer(discarded.clone()), []);
    }
    for bench in [&mut five, &mut three] {
        bench.receive(publish_with(PublishQos::AtMostOnce));
        assert_eq!(bench.answer(discarded.clone()), []);
        assert!(bench.session.is_connected() && bench.session.wants_input());
    }
}

#[test]
fn a_violation_has_its_code_and_its_reason() {
    for (packet, cause, code) in [
        (
            publish_with(PublishQos::ExactlyOnce(id(1))),
            MqttError::Qos2,
            ReasonCode::QosNotSupported,
        ),
        (
            Packet::PingResp,
            MqttError::Unexpected(Kind::PingResp),
            ReasonCode::ProtocolError,
        ),
    ] {
        let mut bench = Bench::connected_5(Limits::default(), ConnectProperties::default());
        let expected = [
            goodbye(code, Some(&cause)),
            closed(DisconnectReason::ClientError, cause),
        ];
        assert_eq!(bench.receive(packet), expected);
    }
}

#[test]
fn more_than_the_receive_maximum_is_an_offence_with_a_code() {
    let limits = Limits {
        inbound_in_flight: 1,
        ..Limits::default()
    };
    let mut bench = Bench::connected_5(limits, ConnectProperties::default());
    bench.receive(publish_with(PublishQos::AtLeastOnce(id(1))));
    let actions = bench.receive(publish_with(PublishQos::AtLeastOnce(id(2))));
    let told = goodbye(
        ReasonCode::ReceiveMaximumExceeded,
        Some(&MqttError::TooManyPending),
    );
    assert_eq!(actions[0], told);
}

#[test]
fn a_session_lasts_as_long_as_was_asked_within_the_limits() {
    let limits = Limits {
        session_expiry: SessionExpiry {
            default_seconds: 10,
            maximum_seconds: 100,
        },
        ..Limits::default()
    };
    let leave = |asked: u32, at_the_end: Option<u32>| {
        let properties = ConnectProperties {
            session_expiry_seconds: asked,
            ..ConnectProperties::default()
        };
        let mut bench = Bench::connected_5(limits.clone(), properties);
        let disconnect = Disconnect {
            session_expiry_seconds: at_the_end,
            ..Disconnect::default()
        };
        bench.receive(Packet::Disconnect(disconnect));
        assert!(bench.session.is_closed());
        bench.session.session_expiry_seconds()
    };
    assert_eq!(
        (leave(0, None), leave(99, None), leave(u32::MAX, None)),
        (0, 99, 100)
    );
    assert_eq!(
        (leave(5, Some(0)), leave(5, Some(50)), leave(5, Some(500))),
        (0, 50, 100)
    );
    assert_eq!(leave(0, Some(0)), 0);
    let mut bench = Bench::connected_5(limits.clone(), ConnectProperties::default());
    let raise = Disconnect {
        session_expiry_seconds: Some(1),
        ..Disconnect::default()
    };
    let actions = bench.receive(Packet::Disconnect(raise));
    let cause = MqttError::SessionExpiry;
    assert_eq!(actions[0], goodbye(ReasonCode::ProtocolError, Some(&cause)));
    assert_eq!(bench.session.session_expiry_seconds(), 0);
    // MQTT 3.1.1 cannot say; it has the default or nothing.
    for (clean_session, expected) in [(true, 0), (false, 10)] {
        let mut bench = Bench::new(limits.clone());
        bench.receive(connect("pump-1", clean_session));
        assert_eq!(bench.session.session_expiry_seconds(), expected);
    }
}

#[test]
fn a_will_is_published_unless_the_client_leaves_normally() {
    for (code, publish_will) in [
        (ReasonCode::Success, false),
        (ReasonCode::DisconnectWithWill, true),
        (ReasonCode::ImplementationSpecificError, true),
    ] {
        let mut bench = Bench::connected_5(Limits::default(), ConnectProperties::default());
        bench.session.receive(
            Packet::Disconnect(Disconnect::new(code)),
            2_000,
            &mut bench.actions,
        );
        let close = Action::Close {
            reason: DisconnectReason::ClientInitiatedDisconnect,
            cause: None,
            publish_will,
        };
        assert_eq!(bench.actions, [close]);
    }
}

#[test]
fn a_will_of_qos_2_is_refused_and_its_expiry_bounded() {
    let will = |qos, seconds| Will {
        message: expiring(seconds),
        qos,
        delay_seconds: 3,
    };
    let with = |will| {
        let mut bench = Bench::new(Limits::default());
        let connect = Connect {
            will: Some(will),
            ..connect_5(ConnectProperties::default())
        };
        bench.receive(Packet::Connect(Box::new(connect)))
    };
    assert!(
        matches!(&with(will(Qos::ExactlyOnce, 1))[0], Action::Send(Packet::ConnAck(answer)) if answer.code == ReasonCode::QosNotSupported)
    );
    for (asked, bounded) in [(0, 1), (1, 1), (u32::MAX, 604_800)] {
        let actions = with(will(Qos::AtLeastOnce, asked));
        let [Action::Authorize(connect)] = &actions[..] else {
            panic!("{actions:?}");
        };
        let will = connect.will.as_ref().unwrap();
        assert_eq!(
            (will.message.expiry_seconds(), will.delay_seconds),
            (Some(bounded), 3)
        );
    }
}

#[test]
fn what_expires_while_it_waits_is_dropped() {
    let limits = Limits {
        outbound_in_flight: 1,
        ..Limits::default()
    };
    let mut bench = Bench::connected_5(limits, ConnectProperties::default());
    assert_eq!(bench.deliver(Qos::AtLeastOnce, 1).0, Delivered::Sent);
    for (number, seconds) in [(2, 5), (3, 60)] {
        let dispatch = Dispatch {
            waited_ms: 1_500,
            ..dispatch(expiring(seconds), Qos::AtLeastOnce, number)
        };
        let delivered = bench.session.deliver(dispatch, bench.now_ms, &mut bench.actions);
        assert_eq!(delivered, Delivered::Queued);
    }
    bench.now_ms += 3_500;
    let actions = bench.receive(puback(1));
    assert_eq!(
        actions[..2],
        [
            Action::Acknowledged(DeliveryId(1)),
            Action::Dropped(DeliveryId(2))
        ]
    );
    assert_eq!(remaining(&actions), [Some(55)]);
    // In the last second nothing is left to say of it.
    for (waited_ms, expected) in [(4_999, Some(0)), (5_000, None)] {
        let dispatch = Dispatch {
            waited_ms,
            ..dispatch(expiring(5), Qos::AtMostOnce, 0)
        };
        let delivered = bench.session.deliver(dispatch, bench.now_ms, &mut bench.actions);
        assert_eq!(delivered == Delivered::Sent, expected.is_some());
        assert_eq!(remaining(&bench.take()).pop().flatten(), expected);
    }
}

#[test]
fn an_expiry_counts_for_every_version() {
    let mut bench = Bench::connected(Limits::default());
    let dispatch = Dispatch {
        waited_ms: 5_000,
        ..dispatch(expiring(5), Qos::AtMostOnce, 0)
    };
    let delivered = bench.session.deliver(dispatch, bench.now_ms, &mut bench.actions);
    assert_eq!((delivered, bench.take()), (Delivered::Dropped, vec![]));
}

#[test]
fn a_message_too_long_for_the_client_leaves_its_place_to_the_next() {
    let limits = Limits {
        outbound_in_flight: 1,
        ..Limits::default()
    };
    let properties = ConnectProperties {
        maximum_packet_bytes: Some(512),
        topic_alias_maximum: 1,
        ..ConnectProperties::default()
    };
    let mut bench = Bench::connected_5(limits, properties);
    let mut deliver = |bytes: usize, id| {
        let dispatch = dispatch(message("t", &vec![0; bytes]), Qos::AtLeastOnce, id);
        bench.session.deliver(dispatch, bench.now_ms, &mut bench.actions)
    };
    assert_eq!(deliver(600, 1), Delivered::Dropped);
    assert_eq!(
        (deliver(1, 2), deliver(600, 3), deliver(1, 4)),
        (Delivered::Sent, Delivered::Queued, Delivered::Queued)
    );
    // What was not sent has taken neither the alias nor an identifier.
    let sent = bench.take();
    assert!(matches!(&sent[..], [Action::Send(Packet::Publish(publish))]
        if publish.qos == PublishQos::AtLeastOnce(id(1)) && publish.topic_alias == NonZeroU16::new(1)));
    let actions = bench.receive(puback(1));
    assert!(
        matches!(&actions[..], [Action::Acknowledged(_), Action::Dropped(DeliveryId(3)), Action::Send(Packet::Publish(publish))]
        if publish.qos == PublishQos::AtLeastOnce(id(2)) && publish.message.topic.is_absent())
    );
}

#[test]
fn an_earlier_session_is_present_only_for_who_wants_it() {
    for (clean_session, present) in [(true, false), (false, true)] {
        let mut bench = Bench::new(Limits::default());
        let connect = Connect {
            clean_session,
            ..connect_5(ConnectProperties::default())
        };
        bench.receive(Packet::Connect(Box::new(connect)));
        bench.session.accept(true, None, bench.now_ms, &mut bench.actions);
        assert!(
            matches!(&bench.actions[0], Action::Send(Packet::ConnAck(answer)) if answer.session_present == present)
        );
    }
}
