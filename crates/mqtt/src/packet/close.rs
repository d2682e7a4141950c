//! PUBACK, DISCONNECT and AUTH: packets that are a reason code and little else.

use super::{PacketId, UserProperties};
use crate::ReasonCode;

/// What people are told besides a reason code (MQTT 5: Reason String and User Property).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Problem {
    /// A sentence.
    pub reason: Option<String>,
    /// Names and values, of no meaning to the protocol.
    pub user_properties: UserProperties,
}

/// Acknowledges a message of QoS 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PubAck {
    /// The identifier of the PUBLISH.
    pub packet_id: PacketId,
    /// What became of the message; always Success in MQTT 3.1.1.
    pub code: ReasonCode,
    /// What MQTT 5 says besides.
    pub problem: Option<Box<Problem>>,
}

impl PubAck {
    /// The acknowledgement of a message that was taken.
    pub fn success(packet_id: PacketId) -> Self {
        Self::new(packet_id, ReasonCode::Success)
    }

    /// An acknowledgement that says no more than its code.
    pub fn new(packet_id: PacketId, code: ReasonCode) -> Self {
        Self {
            packet_id,
            code,
            problem: None,
        }
    }
}

/// Says that nothing more comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Disconnect {
    /// Why; always Success, which here is a normal disconnection, in MQTT 3.1.1.
    pub code: ReasonCode,
    /// MQTT 5: a new session expiry.
    pub session_expiry_seconds: Option<u32>,
    /// MQTT 5: another server to use. Only servers send it.
    pub server_reference: Option<String>,
    /// What MQTT 5 says besides.
    pub problem: Option<Box<Problem>>,
}

impl Disconnect {
    /// A DISCONNECT that says no more than its code.
    pub fn new(code: ReasonCode) -> Self {
        Self {
            code,
            ..Self::default()
        }
    }
}

/// Goes on with an enhanced authentication (MQTT 5, 3.15), which AWS IoT does not support: it is read to be refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Auth {
    /// Success, Continue Authentication or Re-authenticate.
    pub code: ReasonCode,
    /// The method; none only together with Success.
    pub method: Option<String>,
    /// What the method says.
    pub data: Option<Box<[u8]>>,
    /// A sentence for people, and names and values.
    pub problem: Option<Box<Problem>>,
}
