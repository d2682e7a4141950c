//! What must hold of a session whatever happens to it. Used by the property test, the corpus replay and the fuzz
//! target.
//!
//! The bytes are a script: one says what happens, the next ones with which numbers.

use std::collections::{HashMap, HashSet, VecDeque};
use std::num::NonZeroU16;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use thingsmith_mqtt::*;

const IN_FLIGHT: usize = 3;
const QUEUE: usize = 2;

/// Plays a script, comparing the session with what a watcher of its actions knows.
pub(crate) fn check(script: &[u8]) {
    let limits = Limits {
        outbound_in_flight: IN_FLIGHT,
        outbound_queue: QUEUE,
        inbound_in_flight: 4,
        pending_requests: 6,
        ..Limits::default()
    };
    let mut play = Play {
        session: Session::new(Arc::new(limits), 0),
        now_ms: 0,
        watcher: Watcher::default(),
        script: script.iter().copied(),
        deliveries: 0,
        five: false,
        room: IN_FLIGHT,
    };
    while play.step().is_some() {}
}

struct Play<'s> {
    session: Session,
    now_ms: u64,
    watcher: Watcher,
    script: std::iter::Copied<std::slice::Iter<'s, u8>>,
    deliveries: u64,
    /// Whether the client speaks MQTT 5.
    five: bool,
    /// How many messages may be in flight to it.
    room: usize,
}

impl Play<'_> {
    fn step(&mut self) -> Option<()> {
        let what = self.script.next()?;
        let number = self.script.next().unwrap_or(0);
        let mut actions = Vec::new();
        let (mut answered, mut discarded) = (None, false);
        match what % 20 {
            0 => {
                let connect = connect(number);
                if self.watcher.is_new() {
                    self.five |= connect.version == Version::V5;
                    let client = connect.properties.receive_maximum;
                    self.room = client.map_or(IN_FLIGHT, |maximum| IN_FLIGHT.min(maximum.get().into()));
                }
                self.receive(Packet::Connect(Box::new(connect)), &mut actions);
            }
            1 => {
                let assigned = (number & 2 == 2).then_some("made-up");
                self.session
                    .accept(number & 1 == 1, assigned, self.now_ms, &mut actions);
            }
            2 => {
                let codes = [ReasonCode::NotAuthorized, ReasonCode::ClientIdentifierNotValid];
                let code = codes[usize::from(number & 1)];
                self.session
                    .refuse(code, DisconnectReason::AuthError, &mut actions);
            }
            // The frequent ones come twice, so that scripts get further than their first mistake.
            3 | 4 => self.receive(publish(number), &mut actions),
            5 => self.receive(subscribe(number), &mut actions),
            6 => {
                let unsubscribe = Unsubscribe {
                    packet_id: packet_id(number),
                    filters: vec![filter("a/#")],
                    user_properties: vec![],
                };
                self.receive(Packet::Unsubscribe(unsubscribe), &mut actions);
            }
            7 | 8 => self.acknowledge(self.watcher.some_in_flight(number), &mut actions),
            9 => self.receive(Packet::PingReq, &mut actions),
            10..=12 => {
                answered = self.watcher.questions.front().cloned();
                let answer = match &answered {
                    // Of MQTT 5 a message can be denied and the client stay.
                    Some(Question::Publish(Some(_))) if self.five && number & 3 == 3 => {
                        Answer::Denied(ReasonCode::NotAuthorized, DisconnectReason::ForbiddenAccess)
                    }
                    Some(Question::Publish(Some(_))) if number & 7 == 2 => {
                        discarded = true;
                        Answer::Discarded(ReasonCode::QuotaExceeded)
                    }
                    Some(Question::Publish(_)) | None => Answer::Published,
                    Some(Question::Subscribe(asked)) => {
                        Answer::Subscribed(vec![Grant::Granted(Qos::AtLeastOnce); *asked])
                    }
                    Some(Question::Unsubscribe) => Answer::Unsubscribed,
                };
                self.session.answer(answer, self.now_ms, &mut actions);
            }
            13 if number & 7 == 0 => {
                let question = self.watcher.questions.front().cloned();
                answered = question.filter(|question| matches!(question, Question::Unsubscribe));
                self.session
                    .answer(Answer::Unsubscribed, self.now_ms, &mut actions);
            }
            13 if number & 7 == 1 => {
                self.session.answer(
                    Answer::Refused(DisconnectReason::ForbiddenAccess),
                    self.now_ms,
                    &mut actions,
                );
            }
            13..=15 => self.deliver(number, &mut actions),
            16 => {
                self.now_ms += u64::from(number) * 100;
                self.session.tick(self.now_ms, &mut actions);
            }
            17 if number & 7 == 0 => self.receive(disconnect(number), &mut actions),
            17 if number & 7 == 1 => {
                let version = (number & 8 == 8).then_some(Version::V5);
                self.five |= self.watcher.is_new() && version.is_some();
                self.session
                    .malformed(MqttError::Truncated, version, &mut actions);
            }
            17 if number & 7 == 2 => self
                .session
                .close(DisconnectReason::DuplicateClientId, &mut actions),
            17 if number & 7 == 3 => self.receive(Packet::OtherVersion(Protocol::V3_1), &mut actions),
            17 if number & 7 == 4 => self.receive(Packet::PingResp, &mut actions),
            _ => self.acknowledge(packet_id(number), &mut actions),
        }
        if self.session.next_deadline_ms().is_some() {
            assert!(!self.session.is_closed(), "a closed session waits for nothing");
        }
        self.check_writing(&actions);
        // Of MQTT 3.1.1 what was discarded has no PUBACK.
        let owes_puback = self.five || !discarded;
        self.watcher.watch(answered, owes_puback, actions);
        assert_eq!(self.watcher.closed, self.session.is_closed());
        assert_eq!(
            self.watcher.accepted && !self.watcher.closed,
            self.session.is_connected()
        );
        Some(())
    }

    fn check_writing(&self, actions: &[Action]) {
        let version = if self.five { Version::V5 } else { Version::V3_1_1 };
        for action in actions {
            if let Action::Send(packet) = action {
                let written = Codec::speaking(version).write(packet, &mut BytesMut::new());
                assert_eq!(written, Ok(()), "{packet:?}");
            }
        }
    }

    fn receive(&mut self, packet: Packet, actions: &mut Vec<Action>) {
        self.session.receive(packet, self.now_ms, actions);
    }

    fn acknowledge(&mut self, packet_id: PacketId, actions: &mut Vec<Action>) {
        self.receive(Packet::PubAck(PubAck::success(packet_id)), actions);
        let was_in_flight = self.watcher.in_flight.remove(&packet_id);
        let acknowledged = actions
            .iter()
            .any(|action| matches!(action, Action::Acknowledged(_)));
        assert_eq!(acknowledged, was_in_flight && self.session.is_connected());
    }

    fn deliver(&mut self, number: u8, actions: &mut Vec<Action>) {
        let qos = if number & 1 == 0 {
            Qos::AtMostOnce
        } else {
            Qos::AtLeastOnce
        };
        self.deliveries += 1;
        let id = DeliveryId(self.deliveries);
        let message = message(number);
        let free = self.watcher.in_flight.len() < self.room;
        let dispatch = Dispatch {
            message: message.clone(),
            qos,
            id,
            duplicate: number & 4 != 0,
            waited_ms: u64::from(number) * 10,
        };
        match self.session.deliver(dispatch, self.now_ms, actions) {
            Delivered::Sent => {
                assert!(free || qos == Qos::AtMostOnce);
                if qos == Qos::AtLeastOnce {
                    self.watcher.unacknowledged.push_back(id);
                }
                assert_eq!(actions.len(), 1);
            }
            Delivered::Queued => {
                assert!(!free && actions.is_empty());
                self.watcher.unacknowledged.push_back(id);
                assert!(
                    self.watcher.unacknowledged.len() <= self.room + QUEUE,
                    "the queue is bounded"
                );
            }
            Delivered::Dropped => {
                assert!(actions.is_empty());
                let expires = message.expiry_seconds().is_some();
                assert!(expires || self.five, "MQTT 3.1.1 takes whatever does not expire");
            }
            Delivered::Overflow(back) => {
                assert!(back == message && actions.is_empty());
                assert_eq!(self.watcher.unacknowledged.len(), self.room + QUEUE);
            }
            Delivered::NotConnected(back) => {
                assert!(back == message && actions.is_empty() && !self.session.is_connected());
            }
        }
    }
}

#[derive(Clone)]
enum Question {
    Publish(Option<PacketId>),
    Subscribe(usize),
    Unsubscribe,
}

/// Knows of the session only what it asked for.
#[derive(Default)]
struct Watcher {
    closed: bool,
    refused: bool,
    left: bool,
    accepted: bool,
    asked_to_connect: bool,
    questions: VecDeque<Question>,
    in_flight: HashSet<PacketId>,
    unacknowledged: VecDeque<DeliveryId>,
    pubacks: HashMap<PacketId, usize>,
}

impl Watcher {
    /// Whether the session waits for its first CONNECT.
    fn is_new(&self) -> bool {
        !self.closed && !self.asked_to_connect
    }

    fn some_in_flight(&self, number: u8) -> PacketId {
        let mut ids: Vec<PacketId> = self.in_flight.iter().copied().collect();
        ids.sort();
        ids.get(usize::from(number) % IN_FLIGHT)
            .copied()
            .unwrap_or(PacketId::MIN)
    }

    fn watch(&mut self, answered: Option<Question>, owes_puback: bool, actions: Vec<Action>) {
        assert!(
            actions.is_empty() || !self.closed,
            "an action after the end: {actions:?}"
        );
        if let Some(Question::Publish(Some(packet_id))) = answered
            && !self.closed
            && owes_puback
        {
            *self.pubacks.entry(packet_id).or_default() += 1;
        }
        if answered.is_some() && !self.closed {
            self.questions.pop_front();
        }
        for action in actions {
            assert!(!self.closed, "nothing follows the end: {action:?}");
            self.watch_one(action);
        }
        if !self.closed {
            assert!(
                self.pubacks.values().all(|owed| *owed == 0),
                "a routed message has its PUBACK at once"
            );
        }
    }

    fn watch_one(&mut self, action: Action) {
        match action {
            Action::Authorize(_) => {
                assert!(!std::mem::replace(&mut self.asked_to_connect, true), "asked once");
            }
            Action::Publish(publish) => {
                assert!(self.accepted && publish.qos.level() != Qos::ExactlyOnce);
                self.questions
                    .push_back(Question::Publish(publish.qos.packet_id()));
                let qos1 = |question: &&Question| matches!(question, Question::Publish(Some(_)));
                assert!(
                    self.questions.iter().filter(qos1).count() <= 4,
                    "inbound messages in flight are bounded"
                );
            }
            Action::Subscribe(asked) => {
                assert!(self.accepted && !asked.is_empty());
                self.questions.push_back(Question::Subscribe(asked.len()));
            }
            Action::Unsubscribe(_) => {
                assert!(self.accepted);
                self.questions.push_back(Question::Unsubscribe);
            }
            Action::Acknowledged(id) => {
                let position = self.unacknowledged.iter().position(|known| *known == id);
                self.unacknowledged
                    .remove(position.expect("acknowledged once and only what was delivered"));
            }
            Action::Dropped(id) => {
                let position = self.unacknowledged.iter().position(|known| *known == id);
                self.unacknowledged
                    .remove(position.expect("dropped once and only what waited"));
            }
            Action::Send(packet) => self.watch_packet(packet),
            Action::Close { publish_will, .. } => {
                assert!(
                    self.accepted || !publish_will,
                    "a will belongs to a client that was accepted"
                );
                self.closed = true;
            }
        }
        assert!(self.questions.len() <= 6, "questions are bounded");
    }

    fn watch_packet(&mut self, packet: Packet) {
        match packet {
            Packet::ConnAck(connack) => {
                assert!(!self.accepted && !self.refused);
                self.accepted = connack.code == ReasonCode::Success;
                self.refused = !self.accepted;
                assert!(!self.accepted || self.asked_to_connect);
            }
            Packet::OtherVersion(_) => assert!(!self.accepted && !self.asked_to_connect),
            Packet::PubAck(puback) => {
                let owed = self
                    .pubacks
                    .get_mut(&puback.packet_id)
                    .expect("a PUBACK for a routed message");
                *owed = owed.checked_sub(1).expect("one PUBACK for a message");
            }
            Packet::Publish(publish) => {
                assert!(self.accepted);
                if let Some(packet_id) = publish.qos.packet_id() {
                    assert!(
                        self.in_flight.insert(packet_id),
                        "an identifier in flight is not used again"
                    );
                    assert!(
                        self.in_flight.len() <= IN_FLIGHT,
                        "more in flight than the window allows"
                    );
                }
            }
            Packet::SubAck(suback) => assert!(self.accepted && !suback.grants.is_empty()),
            Packet::UnsubAck(_) | Packet::PingResp => assert!(self.accepted),
            Packet::Disconnect(disconnect) => {
                assert!(self.accepted && disconnect.code.is_error());
                assert!(!std::mem::replace(&mut self.left, true), "said once");
            }
            other => panic!("a server does not send {other:?}"),
        }
    }
}

fn packet_id(number: u8) -> PacketId {
    PacketId::new(u16::from(number % 7) + 1).expect("at least one")
}

fn filter(text: &str) -> TopicFilter {
    TopicFilter::parse(text, &TopicLimits::default()).expect("a filter")
}

fn message(number: u8) -> Message {
    let properties = (number & 8 == 8).then(|| MessageProperties {
        message_expiry_seconds: Some(u32::from(number & 0b11)),
        ..MessageProperties::default()
    });
    Message {
        topic: TopicName::parse("a/b", &TopicLimits::default()).expect("a topic"),
        payload: match number & 0b1100_0000 {
            0b1100_0000 => Bytes::from(vec![number; 600]),
            _ => Bytes::copy_from_slice(&[number]),
        },
        retain: number & 2 != 0,
        properties: properties.map(Arc::new),
    }
}

fn connect(number: u8) -> Connect {
    let client_id = match number & 0b1110_0000 {
        0b1110_0000 => "",
        0b1100_0000 => "$server",
        _ => "pump-1",
    };
    let properties = ConnectProperties {
        session_expiry_seconds: u32::from(number & 2) * 100,
        receive_maximum: NonZeroU16::new(u16::from(number & 0b11)),
        topic_alias_maximum: u16::from(number & 0b110),
        maximum_packet_bytes: (number & 0b1001 == 0b1001).then_some(512),
        ..ConnectProperties::default()
    };
    let version = match number & 0b0001_0000 {
        0 => Version::V3_1_1,
        _ => Version::V5,
    };
    Connect {
        version,
        client_id: client_id.to_owned(),
        clean_session: number & 1 == 0,
        keep_alive_seconds: u16::from(number) * 10,
        properties: match version {
            Version::V3_1_1 => ConnectProperties::default(),
            Version::V5 => properties,
        },
        ..Connect::default()
    }
}

fn disconnect(number: u8) -> Packet {
    Packet::Disconnect(Disconnect {
        code: match number & 8 {
            0 => ReasonCode::Success,
            _ => ReasonCode::DisconnectWithWill,
        },
        session_expiry_seconds: (number & 16 != 0).then_some(u32::from(number)),
        ..Disconnect::default()
    })
}

fn publish(number: u8) -> Packet {
    let qos = match number % 16 {
        0..=4 => PublishQos::AtMostOnce,
        15 => PublishQos::ExactlyOnce(packet_id(number)),
        _ => PublishQos::AtLeastOnce(packet_id(number)),
    };
    Packet::Publish(Publish {
        message: message(number),
        qos,
        duplicate: false,
        topic_alias: NonZeroU16::new(u16::from(number >> 4)).filter(|_| number & 1 == 1),
    })
}

fn subscribe(number: u8) -> Packet {
    let subscriptions = (0..=number % 3).map(|index| Subscription {
        filter: filter("a/+"),
        qos: match (number >> (2 * index)) & 3 {
            0 | 1 => Qos::AtMostOnce,
            2 => Qos::AtLeastOnce,
            _ => Qos::ExactlyOnce,
        },
        options: SubscriptionOptions::default(),
    });
    Packet::Subscribe(Subscribe {
        packet_id: packet_id(number),
        subscriptions: subscriptions.collect(),
        properties: SubscribeProperties::default(),
    })
}
