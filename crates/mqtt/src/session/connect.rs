//! From the first packet to CONNACK.

use super::five::Five;
use super::{Action, DisconnectReason, Session, State};
use crate::{ConnAck, ConnAckProperties, Connect, MqttError, Packet, Qos, ReasonCode, Version};

impl Session {
    pub(super) fn connect(&mut self, mut connect: Box<Connect>, actions: &mut Vec<Action>) {
        if connect.version == Version::V5 {
            self.five = Some(Box::new(Five::new(&connect, &self.limits)));
        }
        if let Err(cause) = self.check_connect(&connect) {
            let code = cause.reason_code();
            return self.refuse_with(code, DisconnectReason::ClientError, Some(cause), actions);
        }
        if let Some(will) = &mut connect.will {
            self.bound_expiry(&mut will.message);
        }
        let expiry = self.limits.session_expiry;
        self.session_expiry_seconds = match (connect.version, connect.clean_session) {
            (Version::V3_1_1, true) => 0,
            (Version::V3_1_1, false) => expiry.default_seconds,
            (Version::V5, _) => connect
                .properties
                .session_expiry_seconds
                .min(expiry.maximum_seconds),
        };
        self.begins_anew = connect.clean_session;
        self.patience_ms = self.limits.keep_alive.patience_ms(connect.keep_alive_seconds);
        self.state = State::Connecting;
        actions.push(Action::Authorize(connect));
    }

    fn check_connect(&self, connect: &Connect) -> Result<(), MqttError> {
        let id = &connect.client_id;
        // MQTT 3.1.1, 3.1.3.1: only a clean session may be nameless. MQTT 5, 3.1.3.1, lets the server name any.
        let nameless = id.is_empty() && !connect.clean_session && connect.version == Version::V3_1_1;
        if nameless || id.len() > self.limits.client_id_bytes || id.starts_with('$') {
            return Err(MqttError::ClientId);
        }
        if connect
            .will
            .as_ref()
            .is_some_and(|will| will.qos == Qos::ExactlyOnce)
        {
            return Err(MqttError::Qos2);
        }
        if connect.properties.authentication_method.is_some() {
            return Err(MqttError::AuthenticationMethod);
        }
        match connect.properties.maximum_packet_bytes {
            Some(bytes) if bytes < self.limits.properties.smallest_maximum_packet_bytes => {
                Err(MqttError::MaximumPacketSize(bytes))
            }
            _ => Ok(()),
        }
    }

    /// Answers [`Action::Authorize`]: the client is in. `session_present` says whether something of an earlier
    /// session was found, which a client that begins anew is never told. `assigned_client_id` is the client id that
    /// the owner made up for a nameless client.
    pub fn accept(
        &mut self,
        session_present: bool,
        assigned_client_id: Option<&str>,
        now_ms: u64,
        actions: &mut Vec<Action>,
    ) {
        if !self.is_asked_to_connect(actions) {
            return;
        }
        self.state = State::Connected;
        self.heard_ms = self.heard_ms.max(now_ms);
        let properties = self.five.as_mut().map(|five| {
            let mut answer = std::mem::take(&mut five.answer);
            answer.assigned_client_id = assigned_client_id.map(str::to_owned);
            answer
        });
        actions.push(Action::Send(Packet::ConnAck(ConnAck {
            session_present: session_present && !self.begins_anew,
            code: ReasonCode::Success,
            properties,
        })));
    }

    /// Answers [`Action::Authorize`]: the client stays out. MQTT 5 tells it the code; with MQTT 3.1.1 AWS closes
    /// without a word, but for a client identifier that is not valid.
    pub fn refuse(&mut self, code: ReasonCode, reason: DisconnectReason, actions: &mut Vec<Action>) {
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

    pub(super) fn refuse_with(
        &mut self,
        code: ReasonCode,
        reason: DisconnectReason,
        cause: Option<MqttError>,
        actions: &mut Vec<Action>,
    ) {
        let told = self.five.is_some() || code == ReasonCode::ClientIdentifierNotValid;
        if told && code.is_error() {
            let wants_reasons = self.five.as_ref().is_some_and(|five| five.wants_reasons);
            let text = cause.as_ref().filter(|_| wants_reasons).map(ToString::to_string);
            actions.push(Action::Send(Packet::ConnAck(refusal(code, text))));
        }
        self.finish(reason, cause, actions);
    }

    /// Takes bytes that are no packet: the client is not understood any more. `version` is what the codec has found
    /// out about the client, by which one that cannot write its CONNECT is told so.
    pub fn malformed(&mut self, error: MqttError, version: Option<Version>, actions: &mut Vec<Action>) {
        if self.state == State::AwaitingConnect && version == Some(Version::V5) {
            let answer = refusal(error.reason_code(), None);
            actions.push(Action::Send(Packet::ConnAck(answer)));
        }
        self.violation(error, actions);
    }
}

fn refusal(code: ReasonCode, reason: Option<String>) -> ConnAck {
    let properties = reason.map(|reason| {
        Box::new(ConnAckProperties {
            reason: Some(reason),
            ..ConnAckProperties::default()
        })
    });
    ConnAck {
        session_present: false,
        code: connack_code(code),
        properties,
    }
}

/// The code where CONNACK has it; some belong to later packets only.
fn connack_code(code: ReasonCode) -> ReasonCode {
    match code {
        ReasonCode::TopicFilterInvalid
        | ReasonCode::TopicAliasInvalid
        | ReasonCode::SubscriptionIdentifiersNotSupported
        | ReasonCode::ReceiveMaximumExceeded
        | ReasonCode::KeepAliveTimeout => ReasonCode::ProtocolError,
        code => code,
    }
}
