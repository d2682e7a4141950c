mod v5;

use super::*;
use crate::arbitrary::{filter, message, publish};
use crate::{
    ConnAck, Connect, Grant, KeepAlive, Kind, Message, Protocol, PubAck, Publish, PublishQos, SubAck,
    Subscribe, SubscribeProperties, Subscription, SubscriptionOptions, UnsubAck, Unsubscribe,
};

/// A session with its clock and all it asked for.
struct Bench {
    session: Session,
    now_ms: u64,
    actions: Vec<Action>,
    accepted: bool,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        Self {
            session: Session::new(Arc::new(limits), 1_000),
            now_ms: 1_000,
            actions: Vec::new(),
            accepted: false,
        }
    }

    fn connected(limits: Limits) -> Self {
        let mut bench = Self::new(limits);
        bench.receive(connect("pump-1", true));
        bench
            .session
            .accept(false, None, bench.now_ms, &mut bench.actions);
        bench.actions.clear();
        bench.accepted = true;
        bench
    }

    /// What it asked for since the last time. Whether a will is published follows from the rest, unless a test is
    /// about it.
    fn take(&mut self) -> Vec<Action> {
        let mut actions = std::mem::take(&mut self.actions);
        for action in &mut actions {
            if let Action::Close {
                reason, publish_will, ..
            } = action
            {
                assert_eq!(*publish_will, self.accepted && reason.publishes_will());
                *publish_will = false;
            }
        }
        actions
    }

    fn receive(&mut self, packet: Packet) -> Vec<Action> {
        self.session.receive(packet, self.now_ms, &mut self.actions);
        self.take()
    }

    fn answer(&mut self, answer: Answer) -> Vec<Action> {
        self.session.answer(answer, self.now_ms, &mut self.actions);
        self.take()
    }

    fn tick_after(&mut self, wait_ms: u64) -> Vec<Action> {
        self.now_ms += wait_ms;
        self.session.tick(self.now_ms, &mut self.actions);
        self.take()
    }

    fn deliver(&mut self, qos: Qos, id: u64) -> (Delivered, Vec<Action>) {
        let dispatch = dispatch(message("t", b"payload"), qos, id);
        let delivered = self.session.deliver(dispatch, self.now_ms, &mut self.actions);
        (delivered, self.take())
    }
}

fn dispatch(message: Message, qos: Qos, id: u64) -> Dispatch {
    Dispatch {
        message,
        qos,
        id: DeliveryId(id),
        duplicate: false,
        waited_ms: 0,
    }
}

fn connect(client_id: &str, clean_session: bool) -> Packet {
    Packet::Connect(Box::new(Connect {
        client_id: client_id.to_owned(),
        clean_session,
        keep_alive_seconds: 60,
        ..Connect::default()
    }))
}

const UNSPECIFIED: Grant = Grant::Refused(ReasonCode::UnspecifiedError);

fn id(number: u16) -> PacketId {
    PacketId::new(number).unwrap()
}

fn publish_with(qos: PublishQos) -> Packet {
    Packet::Publish(Publish {
        qos,
        ..publish("t", b"payload")
    })
}

fn subscribe(subscriptions: &[(&str, Qos)]) -> Packet {
    let subscriptions = subscriptions.iter().map(|(text, qos)| Subscription {
        filter: filter(text),
        qos: *qos,
        options: SubscriptionOptions::default(),
    });
    Packet::Subscribe(Subscribe {
        packet_id: id(9),
        subscriptions: subscriptions.collect(),
        properties: SubscribeProperties::default(),
    })
}

fn connack(code: ReasonCode) -> Action {
    Action::Send(Packet::ConnAck(ConnAck::new(false, code)))
}

fn puback(number: u16) -> Packet {
    Packet::PubAck(PubAck::success(id(number)))
}

fn closed(reason: DisconnectReason, cause: MqttError) -> Action {
    Action::Close {
        reason,
        cause: Some(cause),
        publish_will: false,
    }
}

fn violation(cause: MqttError) -> Vec<Action> {
    vec![closed(DisconnectReason::ClientError, cause)]
}

#[test]
fn a_client_connects_publishes_subscribes_and_leaves() {
    let mut bench = Bench::new(Limits::default());
    assert!(
        matches!(&bench.receive(connect("pump-1", true))[..], [Action::Authorize(connect)] if connect.client_id == "pump-1")
    );
    bench
        .session
        .accept(false, None, bench.now_ms, &mut bench.actions);
    bench.accepted = true;
    assert_eq!(bench.take(), [connack(ReasonCode::Success)]);

    assert!(matches!(
        bench.receive(publish_with(PublishQos::AtLeastOnce(id(5))))[..],
        [Action::Publish(_)]
    ));
    assert_eq!(bench.answer(Answer::Published), [Action::Send(puback(5))]);
    assert!(matches!(
        bench.receive(publish_with(PublishQos::AtMostOnce))[..],
        [Action::Publish(_)]
    ));
    assert_eq!(bench.answer(Answer::Published), []);

    assert!(
        matches!(&bench.receive(subscribe(&[("a", Qos::AtMostOnce)]))[..], [Action::Subscribe(asked)] if asked.len() == 1)
    );
    // More than was asked for is lowered.
    let suback = SubAck {
        packet_id: id(9),
        grants: vec![Grant::Granted(Qos::AtMostOnce)],
        problem: None,
    };
    assert_eq!(
        bench.answer(Answer::Subscribed(vec![Grant::Granted(Qos::AtLeastOnce)])),
        [Action::Send(Packet::SubAck(suback))]
    );

    let unsubscribe = Packet::Unsubscribe(Unsubscribe {
        packet_id: id(7),
        filters: vec![filter("a")],
        user_properties: vec![],
    });
    assert_eq!(
        bench.receive(unsubscribe),
        [Action::Unsubscribe(vec![filter("a")])]
    );
    assert_eq!(
        bench.answer(Answer::Unsubscribed),
        [Action::Send(Packet::UnsubAck(UnsubAck {
            packet_id: id(7),
            codes: vec![],
            problem: None,
        }))]
    );

    assert_eq!(bench.receive(Packet::PingReq), [Action::Send(Packet::PingResp)]);
    let reason = DisconnectReason::ClientInitiatedDisconnect;
    assert_eq!(
        bench.receive(Packet::Disconnect(Disconnect::default())),
        [Action::Close {
            reason,
            cause: None,
            publish_will: false
        }]
    );
    assert!(bench.session.is_closed() && !reason.publishes_will());
}

#[test]
fn connect_comes_first_and_once() {
    for packet in [
        Packet::PingReq,
        Packet::Disconnect(Disconnect::default()),
        publish_with(PublishQos::AtMostOnce),
    ] {
        let unexpected = violation(MqttError::Unexpected(packet.kind()));
        assert_eq!(Bench::new(Limits::default()).receive(packet.clone()), unexpected);
        // Nor may it come while the authorizer thinks.
        let mut connecting = Bench::new(Limits::default());
        connecting.receive(connect("c", true));
        assert_eq!(connecting.receive(packet), unexpected);
    }
    let mut bench = Bench::connected(Limits::default());
    assert_eq!(
        bench.receive(connect("c", true)),
        violation(MqttError::Unexpected(Kind::Connect))
    );
}

#[test]
fn packets_that_only_servers_send_are_refused() {
    let suback = SubAck {
        packet_id: id(1),
        grants: vec![UNSPECIFIED],
        problem: None,
    };
    for packet in [Packet::PingResp, Packet::SubAck(suback)] {
        let kind = packet.kind();
        assert_eq!(
            Bench::connected(Limits::default()).receive(packet),
            violation(MqttError::Unexpected(kind))
        );
    }
}

#[test]
fn another_version_is_told_so() {
    for protocol in [Protocol::V5, Protocol::V3_1, Protocol::Other(9)] {
        let actions = Bench::new(Limits::default()).receive(Packet::OtherVersion(protocol));
        let close = closed(DisconnectReason::ClientError, MqttError::ProtocolVersion);
        assert_eq!(actions, [Action::Send(Packet::OtherVersion(protocol)), close]);
    }
}

#[test]
fn a_client_id_has_its_rules() {
    for (client_id, clean_session, accepted) in [
        ("", true, true),
        ("", false, false),
        ("c", false, true),
        ("$c", true, false),
        ("c$", true, true),
        (&"c".repeat(128), true, true),
        (&"c".repeat(129), true, false),
    ] {
        let actions = Bench::new(Limits::default()).receive(connect(client_id, clean_session));
        match accepted {
            true => assert!(matches!(actions[..], [Action::Authorize(_)]), "{client_id}"),
            false => {
                let close = closed(DisconnectReason::ClientError, MqttError::ClientId);
                assert_eq!(actions, [connack(ReasonCode::ClientIdentifierNotValid), close]);
            }
        }
    }
}

#[test]
fn a_refused_client_is_told_or_not() {
    for (code, told) in [
        (ReasonCode::NotAuthorized, None),
        (
            ReasonCode::ClientIdentifierNotValid,
            Some(connack(ReasonCode::ClientIdentifierNotValid)),
        ),
    ] {
        let mut bench = Bench::new(Limits::default());
        bench.receive(connect("c", true));
        bench
            .session
            .refuse(code, DisconnectReason::AuthError, &mut bench.actions);
        let close = Action::Close {
            reason: DisconnectReason::AuthError,
            cause: None,
            publish_will: false,
        };
        let expected: Vec<Action> = told.into_iter().chain([close]).collect();
        assert_eq!(bench.actions, expected);
        // The verdict that comes too late changes nothing.
        bench
            .session
            .accept(false, None, bench.now_ms, &mut bench.actions);
        assert_eq!(bench.actions, expected);
    }
}

#[test]
fn keep_alive_is_bounded_and_waits_half_as_long_again() {
    let keep_alive = KeepAlive::default();
    for (requested, effective) in [
        (0, 1_200),
        (1, 30),
        (29, 30),
        (30, 30),
        (1_200, 1_200),
        (1_201, 1_200),
        (65_535, 1_200),
    ] {
        assert_eq!(keep_alive.effective_seconds(requested), effective);
    }
    let mut bench = Bench::connected(Limits::default());
    assert_eq!(bench.session.next_deadline_ms(), Some(bench.now_ms + 90_000));
    assert_eq!(bench.tick_after(89_999), []);
    bench.receive(Packet::PingReq);
    assert_eq!(bench.tick_after(89_999), []);
    let close = closed(
        DisconnectReason::MqttKeepAliveTimeout,
        MqttError::KeepAlive(90_000),
    );
    assert_eq!(bench.tick_after(1), [close]);
    assert_eq!(bench.session.next_deadline_ms(), None);
}

#[test]
fn who_is_not_listened_to_is_not_silent() {
    let mut bench = Bench::connected(Limits {
        inbound_in_flight: 1,
        ..Limits::default()
    });
    bench.receive(publish_with(PublishQos::AtLeastOnce(id(1))));
    assert!(!bench.session.wants_input());
    assert_eq!(bench.tick_after(200_000), []);
    bench.now_ms += 80_000;
    bench.answer(Answer::Published);
    assert_eq!(bench.tick_after(89_999), []);
    assert_eq!(bench.tick_after(1).len(), 1);
}

#[test]
fn a_connection_without_connect_ends() {
    let mut bench = Bench::new(Limits::default());
    assert_eq!(bench.tick_after(9_999), []);
    assert_eq!(bench.tick_after(1), violation(MqttError::ConnectTimeout(10_000)));
}

#[test]
fn qos_2_messages_end_the_connection() {
    let mut bench = Bench::connected(Limits::default());
    assert_eq!(
        bench.receive(publish_with(PublishQos::ExactlyOnce(id(1)))),
        violation(MqttError::Qos2)
    );
}

#[test]
fn qos_2_subscriptions_are_refused_each_for_itself() {
    let mut bench = Bench::connected(Limits::default());
    let actions = bench.receive(subscribe(&[
        ("a", Qos::ExactlyOnce),
        ("b", Qos::AtLeastOnce),
        ("c", Qos::AtMostOnce),
    ]));
    assert!(
        matches!(&actions[..], [Action::Subscribe(asked)] if asked[0].filter == filter("b") && asked.len() == 2)
    );
    let grants = vec![UNSPECIFIED, Grant::Granted(Qos::AtLeastOnce), UNSPECIFIED];
    assert_eq!(
        bench.answer(Answer::Subscribed(vec![
            Grant::Granted(Qos::AtLeastOnce),
            UNSPECIFIED
        ])),
        [Action::Send(Packet::SubAck(SubAck {
            packet_id: id(9),
            grants,
            problem: None,
        }))]
    );
    let alone = SubAck {
        packet_id: id(9),
        grants: vec![UNSPECIFIED],
        problem: None,
    };
    assert_eq!(
        bench.receive(subscribe(&[("a", Qos::ExactlyOnce)])),
        [Action::Send(Packet::SubAck(alone))]
    );
}

#[test]
fn reading_stops_at_the_inbound_limit_and_going_on_is_an_offence() {
    let mut bench = Bench::connected(Limits::default());
    for number in 1..=100 {
        assert!(bench.session.wants_input());
        bench.receive(publish_with(PublishQos::AtLeastOnce(id(number))));
    }
    assert!(!bench.session.wants_input());
    assert_eq!(bench.receive(Packet::PingReq), [Action::Send(Packet::PingResp)]);
    let close = closed(DisconnectReason::Throttled, MqttError::TooManyPending);
    assert_eq!(
        bench.receive(publish_with(PublishQos::AtLeastOnce(id(101)))),
        [close]
    );
}

#[test]
fn a_denied_message_ends_the_connection_without_puback() {
    let mut bench = Bench::connected(Limits::default());
    bench.receive(publish_with(PublishQos::AtLeastOnce(id(1))));
    let reason = DisconnectReason::ForbiddenAccess;
    assert_eq!(
        bench.answer(Answer::Denied(ReasonCode::NotAuthorized, reason)),
        [Action::Close {
            reason,
            cause: None,
            publish_will: false
        }]
    );
}

#[test]
fn an_answer_to_another_question_is_the_servers_error() {
    let error = vec![closed(DisconnectReason::ServerError, MqttError::Answer)];
    assert_eq!(
        Bench::connected(Limits::default()).answer(Answer::Published),
        error
    );
    let mut bench = Bench::connected(Limits::default());
    bench.receive(publish_with(PublishQos::AtMostOnce));
    assert_eq!(bench.answer(Answer::Unsubscribed), error);
    let mut bench = Bench::connected(Limits::default());
    bench.receive(subscribe(&[("a", Qos::AtMostOnce)]));
    assert_eq!(bench.answer(Answer::Subscribed(vec![])), error);
}

#[test]
fn deliveries_fill_the_window_then_the_queue() {
    let mut bench = Bench::connected(Limits {
        outbound_in_flight: 1,
        outbound_queue: 1,
        ..Limits::default()
    });
    assert_eq!(bench.deliver(Qos::AtLeastOnce, 1).0, Delivered::Sent);
    assert_eq!(bench.deliver(Qos::AtLeastOnce, 2), (Delivered::Queued, vec![]));
    assert_eq!(
        bench.deliver(Qos::AtLeastOnce, 3),
        (Delivered::Overflow(message("t", b"payload")), vec![])
    );
    // QoS 0 needs no place.
    assert_eq!(bench.deliver(Qos::AtMostOnce, 0).0, Delivered::Sent);
    let actions = bench.receive(puback(1));
    assert!(
        matches!(&actions[..], [Action::Acknowledged(DeliveryId(1)), Action::Send(Packet::Publish(next))]
        if next.qos == PublishQos::AtLeastOnce(id(2)))
    );
    assert_eq!(bench.receive(puback(2)), [Action::Acknowledged(DeliveryId(2))]);
    // Nothing is in flight any more; a late PUBACK does no harm.
    assert_eq!(bench.receive(puback(2)), []);
}

#[test]
fn nobody_gets_messages_before_connack_or_after_the_end() {
    let mut bench = Bench::new(Limits::default());
    let back = Delivered::NotConnected(message("t", b"payload"));
    assert_eq!(bench.deliver(Qos::AtMostOnce, 0), (back.clone(), vec![]));
    bench.receive(connect("c", true));
    assert_eq!(bench.deliver(Qos::AtMostOnce, 0), (back.clone(), vec![]));
    bench
        .session
        .close(DisconnectReason::DuplicateClientId, &mut bench.actions);
    bench.actions.clear();
    assert_eq!(bench.deliver(Qos::AtMostOnce, 0), (back, vec![]));
}
