//! The server's side of one connection, as a state machine without a socket.
//!
//! Its owner feeds it what happens (a packet was read, time passed, the authorizer answered, a message is to be
//! delivered) and carries out the [`Action`]s that it appends. It decides what the protocol decides; who may do what,
//! and where messages go, it asks. Questions about requests are answered in the order they were asked, so that
//! PUBACKs leave in the order of their PUBLISHes (MQTT 3.1.1, 4.6).
//!
//! Nothing is sent twice within a connection: TCP has not lost it, and 3.1.1 (4.4) resends only after a reconnect.
//! What was delivered and never [acknowledged](Action::Acknowledged) is known by its [`DeliveryId`], which is what a
//! session that outlives its connection needs.

mod action;
mod reason;
mod window;

use std::collections::VecDeque;
use std::sync::Arc;

pub use action::{Action, Answer, Delivered, DeliveryId};
pub use reason::DisconnectReason;
use window::{Offer, Window};

use crate::{
    ConnAck, Connect, ConnectReturnCode, Grant, Limits, Message, MqttError, Packet, PacketId, Publish,
    PublishQos, Qos, SubAck, Subscribe, Unsubscribe,
};

/// One connection.
///
/// Instants are milliseconds of any clock that never goes back.
#[derive(Debug)]
pub struct Session {
    limits: Arc<Limits>,
    state: State,
    /// When the client was last heard, or had no chance to be.
    heard_ms: u64,
    /// How long it may stay silent.
    patience_ms: u64,
    /// The questions asked, oldest first.
    pending: VecDeque<Pending>,
    /// How many of them are messages of QoS 1.
    inbound_in_flight: usize,
    window: Window,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    AwaitingConnect,
    Connecting,
    Connected,
    Closed,
}

/// What the answer to a question will be turned into.
#[derive(Debug)]
enum Pending {
    Publish(Option<PacketId>),
    Subscribe {
        packet_id: PacketId,
        requested: Vec<Qos>,
    },
    Unsubscribe(PacketId),
}

impl Session {
    /// A connection just accepted.
    pub fn new(limits: Arc<Limits>, now_ms: u64) -> Self {
        Self {
            state: State::AwaitingConnect,
            heard_ms: now_ms,
            patience_ms: limits.connect_timeout_ms,
            pending: VecDeque::new(),
            inbound_in_flight: 0,
            window: Window::default(),
            limits,
        }
    }

    /// Whether the next packet may be read. When not, the socket is to be left alone until a question is answered;
    /// AWS, too, takes no more messages while 100 wait for their PUBACK.
    pub fn wants_input(&self) -> bool {
        self.state != State::Closed
            && self.pending.len() < self.limits.pending_requests.max(1)
            && self.inbound_in_flight < self.limits.inbound_in_flight.max(1)
    }

    /// Whether CONNACK has said yes and the connection is open.
    pub fn is_connected(&self) -> bool {
        self.state == State::Connected
    }

    /// Whether [`Action::Close`] was given. Nothing follows it.
    pub fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    /// When to call [`Session::tick`] if nothing was received before.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        match self.state {
            State::AwaitingConnect | State::Connected => Some(self.heard_ms.saturating_add(self.patience_ms)),
            State::Connecting | State::Closed => None,
        }
    }

    /// Takes a packet that was read.
    pub fn receive(&mut self, packet: Packet, now_ms: u64, actions: &mut Vec<Action>) {
        match (self.state, packet) {
            (State::Closed, _) => {}
            (State::AwaitingConnect, Packet::Connect(connect)) => self.connect(connect, actions),
            (State::AwaitingConnect, Packet::OtherVersion(protocol)) => {
                actions.push(Action::Send(Packet::OtherVersion(protocol)));
                self.violation(MqttError::ProtocolVersion, actions);
            }
            // AWS, "MQTT": a client waits for CONNACK before it sends anything else, DISCONNECT included.
            (State::AwaitingConnect | State::Connecting, packet) => {
                self.violation(MqttError::Unexpected(packet.kind()), actions);
            }
            (State::Connected, packet) => {
                self.heard_ms = self.heard_ms.max(now_ms);
                self.receive_connected(packet, actions);
            }
        }
    }

    fn receive_connected(&mut self, packet: Packet, actions: &mut Vec<Action>) {
        match packet {
            Packet::Publish(_) | Packet::Subscribe(_) | Packet::Unsubscribe(_) if !self.wants_input() => {
                self.finish(
                    DisconnectReason::Throttled,
                    Some(MqttError::TooManyPending),
                    actions,
                );
            }
            Packet::Publish(publish) => self.publish(publish, actions),
            Packet::Subscribe(subscribe) => self.subscribe(subscribe, actions),
            Packet::Unsubscribe(Unsubscribe { packet_id, filters }) => {
                self.pending.push_back(Pending::Unsubscribe(packet_id));
                actions.push(Action::Unsubscribe(filters));
            }
            Packet::PubAck(packet_id) => self.acknowledged(packet_id, actions),
            Packet::PingReq => actions.push(Action::Send(Packet::PingResp)),
            Packet::Disconnect => self.finish(DisconnectReason::ClientInitiatedDisconnect, None, actions),
            other => self.violation(MqttError::Unexpected(other.kind()), actions),
        }
    }

    /// Takes bytes that are no packet: the client is not understood any more.
    pub fn malformed(&mut self, error: MqttError, actions: &mut Vec<Action>) {
        self.violation(error, actions);
    }

    /// Takes the passing of time.
    pub fn tick(&mut self, now_ms: u64, actions: &mut Vec<Action>) {
        // Silence counts only while somebody listens.
        if self.state == State::Connected && !self.wants_input() {
            self.heard_ms = self.heard_ms.max(now_ms);
        }
        if self.next_deadline_ms().is_none_or(|deadline| now_ms < deadline) {
            return;
        }
        match self.state {
            State::Connected => {
                let cause = MqttError::KeepAlive(self.patience_ms);
                self.finish(DisconnectReason::MqttKeepAliveTimeout, Some(cause), actions);
            }
            _ => self.violation(MqttError::ConnectTimeout(self.patience_ms), actions),
        }
    }

    /// Ends the connection for a reason that the protocol does not know: a takeover, a revoked certificate, the
    /// network, a shutdown.
    pub fn close(&mut self, reason: DisconnectReason, actions: &mut Vec<Action>) {
        self.finish(reason, None, actions);
    }

    fn connect(&mut self, connect: Box<Connect>, actions: &mut Vec<Action>) {
        let id = &connect.client_id;
        let nameless = id.is_empty() && !connect.clean_session;
        if nameless || id.len() > self.limits.client_id_bytes || id.starts_with('$') {
            return self.refuse_with(
                Some(ConnectReturnCode::IdentifierRejected),
                DisconnectReason::ClientError,
                Some(MqttError::ClientId),
                actions,
            );
        }
        self.patience_ms = self.limits.keep_alive.patience_ms(connect.keep_alive_seconds);
        self.state = State::Connecting;
        actions.push(Action::Authorize(connect));
    }

    /// Answers [`Action::Authorize`]: the client is in. `session_present` says whether something of an earlier
    /// session was found, which a clean session never has.
    pub fn accept(&mut self, session_present: bool, now_ms: u64, actions: &mut Vec<Action>) {
        if !self.is_asked_to_connect(actions) {
            return;
        }
        self.state = State::Connected;
        self.heard_ms = self.heard_ms.max(now_ms);
        actions.push(Action::Send(Packet::ConnAck(ConnAck {
            session_present,
            code: ConnectReturnCode::Accepted,
        })));
    }

    /// Answers [`Action::Authorize`]: the client stays out, told with `code` or silently without.
    pub fn refuse(
        &mut self,
        code: Option<ConnectReturnCode>,
        reason: DisconnectReason,
        actions: &mut Vec<Action>,
    ) {
        if self.is_asked_to_connect(actions) {
            self.refuse_with(code, reason, None, actions);
        }
    }

    /// The answer may come after the end; one that was never asked for is the owner's mistake.
    fn is_asked_to_connect(&mut self, actions: &mut Vec<Action>) -> bool {
        if self.state != State::Connecting {
            self.finish(DisconnectReason::ServerError, Some(MqttError::Answer), actions);
        }
        self.state == State::Connecting
    }

    fn refuse_with(
        &mut self,
        code: Option<ConnectReturnCode>,
        reason: DisconnectReason,
        cause: Option<MqttError>,
        actions: &mut Vec<Action>,
    ) {
        if let Some(code) = code.filter(|code| *code != ConnectReturnCode::Accepted) {
            let session_present = false;
            actions.push(Action::Send(Packet::ConnAck(ConnAck {
                session_present,
                code,
            })));
        }
        self.finish(reason, cause, actions);
    }

    fn publish(&mut self, publish: Publish, actions: &mut Vec<Action>) {
        match publish.qos {
            PublishQos::AtMostOnce => {}
            PublishQos::AtLeastOnce(_) => self.inbound_in_flight += 1,
            // AWS sends no PUBACK for QoS 2; a client that waited for PUBREC would wait for ever.
            PublishQos::ExactlyOnce(_) => return self.violation(MqttError::Qos2, actions),
        }
        self.pending.push_back(Pending::Publish(publish.qos.packet_id()));
        actions.push(Action::Publish(publish));
    }

    fn subscribe(&mut self, subscribe: Subscribe, actions: &mut Vec<Action>) {
        let packet_id = subscribe.packet_id;
        let requested: Vec<Qos> = subscribe
            .subscriptions
            .iter()
            .map(|subscription| subscription.qos)
            .collect();
        let mut asked = subscribe.subscriptions;
        asked.retain(|subscription| subscription.qos != Qos::ExactlyOnce);
        if asked.is_empty() {
            return actions.push(subscribed(packet_id, requested, Vec::new()));
        }
        self.pending
            .push_back(Pending::Subscribe { packet_id, requested });
        actions.push(Action::Subscribe(asked));
    }

    /// Answers the oldest of [`Action::Publish`], [`Action::Subscribe`] and [`Action::Unsubscribe`] that has no
    /// answer yet. An answer to another question than that is the owner's mistake and ends the connection.
    pub fn answer(&mut self, answer: Answer, now_ms: u64, actions: &mut Vec<Action>) {
        if self.state == State::Closed {
            return;
        }
        if !self.wants_input() {
            self.heard_ms = self.heard_ms.max(now_ms);
        }
        match (self.pending.pop_front(), answer) {
            (Some(_), Answer::Refused(reason)) => self.finish(reason, None, actions),
            (Some(Pending::Publish(None)), Answer::Published) => {}
            (Some(Pending::Publish(Some(packet_id))), Answer::Published) => {
                self.inbound_in_flight -= 1;
                actions.push(Action::Send(Packet::PubAck(packet_id)));
            }
            (Some(Pending::Subscribe { packet_id, requested }), Answer::Subscribed(grants))
                if grants.len() == requested.iter().filter(|qos| **qos != Qos::ExactlyOnce).count() =>
            {
                actions.push(subscribed(packet_id, requested, grants));
            }
            (Some(Pending::Unsubscribe(packet_id)), Answer::Unsubscribed) => {
                actions.push(Action::Send(Packet::UnsubAck(packet_id)));
            }
            _ => self.finish(DisconnectReason::ServerError, Some(MqttError::Answer), actions),
        }
    }

    /// Sends a message to the client, or keeps it until there is room. QoS 2 counts as QoS 1, the best there is.
    pub fn deliver(
        &mut self,
        message: Message,
        qos: Qos,
        id: DeliveryId,
        actions: &mut Vec<Action>,
    ) -> Delivered {
        if self.state != State::Connected {
            return Delivered::NotConnected(message);
        }
        let publish = match qos {
            Qos::AtMostOnce => Publish {
                message,
                qos: PublishQos::AtMostOnce,
                duplicate: false,
            },
            Qos::AtLeastOnce | Qos::ExactlyOnce => match self.window.offer(message, id, &self.limits) {
                Offer::Send(publish) => publish,
                Offer::Queued => return Delivered::Queued,
                Offer::Overflow(message) => return Delivered::Overflow(message),
            },
        };
        actions.push(Action::Send(Packet::Publish(publish)));
        Delivered::Sent
    }

    /// A PUBACK for nothing in flight is ignored: a device may acknowledge late what an earlier connection sent it,
    /// and cutting it off for that would only make it come again.
    fn acknowledged(&mut self, packet_id: PacketId, actions: &mut Vec<Action>) {
        if let Some((id, next)) = self.window.acknowledge(packet_id) {
            actions.push(Action::Acknowledged(id));
            actions.extend(next.map(|publish| Action::Send(Packet::Publish(publish))));
        }
    }

    fn violation(&mut self, error: MqttError, actions: &mut Vec<Action>) {
        self.finish(DisconnectReason::ClientError, Some(error), actions);
    }

    fn finish(&mut self, reason: DisconnectReason, cause: Option<MqttError>, actions: &mut Vec<Action>) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        self.pending = VecDeque::new();
        self.window = Window::default();
        actions.push(Action::Close { reason, cause });
    }
}

/// SUBACK from what was requested and what the owner granted of it.
///
/// AWS answers a request for QoS 2 with nothing at all. Refusing that filter is the nearest thing that does not leave
/// the client waiting; granting QoS 1 would let a device pass here that fails there.
fn subscribed(packet_id: PacketId, requested: Vec<Qos>, grants: Vec<Grant>) -> Action {
    let mut grants = grants.into_iter();
    let grants = requested.into_iter().map(|requested| match requested {
        Qos::ExactlyOnce => Grant::Refused,
        Qos::AtMostOnce | Qos::AtLeastOnce => match grants.next() {
            Some(Grant::Granted(qos)) => Grant::Granted(qos.min(requested)),
            Some(Grant::Refused) | None => Grant::Refused,
        },
    });
    Action::Send(Packet::SubAck(SubAck {
        packet_id,
        grants: grants.collect(),
    }))
}

#[cfg(test)]
mod tests;
