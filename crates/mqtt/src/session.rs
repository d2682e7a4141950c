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
mod alias;
mod codes;
mod connect;
mod delivery;
mod five;
mod reason;
mod requests;
mod window;

use std::collections::VecDeque;
use std::sync::Arc;

pub use action::{Action, Answer, Delivered, DeliveryId, Dispatch};
use five::Five;
pub use reason::DisconnectReason;
use window::Window;

use crate::{Disconnect, Limits, MqttError, Packet, PacketId, Problem, Qos, ReasonCode, Version};

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
    /// What only MQTT 5 knows; there, once its CONNECT was read.
    five: Option<Box<Five>>,
    /// How long the session is to outlive the connection.
    session_expiry_seconds: u32,
    /// Whether the client wants nothing of an earlier session.
    begins_anew: bool,
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
    Unsubscribe {
        packet_id: PacketId,
        count: usize,
    },
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
            five: None,
            session_expiry_seconds: 0,
            begins_anew: false,
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

    /// Whether messages for the client wait until it acknowledges earlier ones. Whoever has more of them does well to keep
    /// them where they are bounded in all.
    pub fn is_backlogged(&self) -> bool {
        self.window.has_waiting()
    }

    /// The version that the client speaks, once its CONNECT was read.
    pub fn version(&self) -> Version {
        match self.five {
            Some(_) => Version::V5,
            None => Version::V3_1_1,
        }
    }

    /// For how many seconds the session is to outlive the connection; 0 is not at all. It is what CONNECT asked for
    /// within the limits, or, of an MQTT 3.1.1 client without a clean session, the default; DISCONNECT may change it,
    /// so that it is certain only at [`Action::Close`].
    pub fn session_expiry_seconds(&self) -> u32 {
        self.session_expiry_seconds
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
                self.receive_connected(packet, now_ms, actions);
            }
        }
    }

    fn receive_connected(&mut self, packet: Packet, now_ms: u64, actions: &mut Vec<Action>) {
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
            Packet::Unsubscribe(unsubscribe) => self.unsubscribe(unsubscribe, actions),
            Packet::PubAck(puback) => self.acknowledged(puback.packet_id, now_ms, actions),
            Packet::PingReq => actions.push(Action::Send(Packet::PingResp)),
            Packet::Disconnect(disconnect) => self.leave(&disconnect, actions),
            other => self.violation(MqttError::Unexpected(other.kind()), actions),
        }
    }

    fn leave(&mut self, disconnect: &Disconnect, actions: &mut Vec<Action>) {
        if let Some(seconds) = disconnect.session_expiry_seconds {
            // MQTT 5, 3.14.2.2.2.
            if self.session_expiry_seconds == 0 && seconds > 0 {
                return self.violation(MqttError::SessionExpiry, actions);
            }
            self.session_expiry_seconds = seconds.min(self.limits.session_expiry.maximum_seconds);
        }
        // MQTT 5, 3.14.4: the will is dropped at a normal disconnection only.
        let publish_will = disconnect.code != ReasonCode::Success;
        let reason = DisconnectReason::ClientInitiatedDisconnect;
        self.finish_with(None, reason, None, publish_will, actions);
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

    fn violation(&mut self, error: MqttError, actions: &mut Vec<Action>) {
        self.finish(DisconnectReason::ClientError, Some(error), actions);
    }

    fn finish(&mut self, reason: DisconnectReason, cause: Option<MqttError>, actions: &mut Vec<Action>) {
        self.finish_with(None, reason, cause, reason.publishes_will(), actions);
    }

    /// Ends the connection. An MQTT 5 client that was accepted is told why, with the code given or else the one of the
    /// cause or of the reason.
    fn finish_with(
        &mut self,
        code: Option<ReasonCode>,
        reason: DisconnectReason,
        cause: Option<MqttError>,
        publish_will: bool,
        actions: &mut Vec<Action>,
    ) {
        if self.state == State::Closed {
            return;
        }
        let was_connected = self.state == State::Connected;
        if let (true, Some(five)) = (was_connected, &self.five)
            && let Some(usual) = reason.reason_code()
        {
            let code = code
                .or(cause.as_ref().map(MqttError::reason_code))
                .unwrap_or(usual);
            let text = cause
                .as_ref()
                .filter(|_| five.wants_reasons)
                .map(ToString::to_string);
            actions.push(Action::Send(Packet::Disconnect(Disconnect {
                problem: text.map(|text| {
                    Box::new(Problem {
                        reason: Some(text),
                        ..Problem::default()
                    })
                }),
                ..Disconnect::new(code)
            })));
        }
        self.state = State::Closed;
        self.pending = VecDeque::new();
        self.window = Window::default();
        actions.push(Action::Close {
            reason,
            cause,
            publish_will: publish_will && was_connected,
        });
    }
}

#[cfg(test)]
mod tests;
