//! CONNECT and CONNACK.

use std::fmt;
use std::num::NonZeroU16;

use bytes::Bytes;

use super::{Message, Qos, UserProperties};
use crate::ReasonCode;

/// A version of MQTT that this side speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Version {
    /// MQTT 3.1.1, level 4.
    #[default]
    V3_1_1,
    /// MQTT 5, level 5.
    V5,
}

/// A version of MQTT that a CONNECT names and its reader does not speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// MQTT 3.1, `MQIsdp` with level 3.
    V3_1,
    /// MQTT 5, level 5.
    V5,
    /// Another level.
    Other(u8),
}

/// Asks to open a session.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Connect {
    /// The version that the connection speaks from here on.
    pub version: Version,
    /// The client identifier; empty if the client has none, and the caller then makes one.
    pub client_id: String,
    /// MQTT 3.1.1: whether nothing of an earlier session is to be used and nothing of this one kept. MQTT 5 calls it
    /// Clean Start and only means the first half; how long this one is kept says its session expiry.
    pub clean_session: bool,
    /// The keep-alive wished for; 0 for none.
    pub keep_alive_seconds: u16,
    /// The message to publish when the connection ends without DISCONNECT.
    pub will: Option<Will>,
    /// The user name. Device SDKs put the name and the token of a custom authorizer into it.
    pub user_name: Option<String>,
    /// The password.
    pub password: Option<Box<[u8]>>,
    /// What MQTT 5 says besides; its default in MQTT 3.1.1.
    pub properties: ConnectProperties,
}

impl Connect {
    /// Whether the client wants its session to outlive the connection.
    pub fn is_persistent(&self) -> bool {
        match self.version {
            Version::V3_1_1 => !self.clean_session,
            Version::V5 => self.properties.session_expiry_seconds > 0,
        }
    }
}

// Both credentials stay out of logs: AWS's custom authentication carries a token in the user name. User properties
// belong to applications.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("version", &self.version)
            .field("client_id", &self.client_id)
            .field("clean_session", &self.clean_session)
            .field("keep_alive_seconds", &self.keep_alive_seconds)
            .field("will", &self.will)
            .field("has_user_name", &self.user_name.is_some())
            .field("has_password", &self.password.is_some())
            .field("session_expiry_seconds", &self.properties.session_expiry_seconds)
            .finish_non_exhaustive()
    }
}

/// The properties of CONNECT (MQTT 5, 3.1.2.11).
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectProperties {
    /// How long the session is to outlive the connection; 0 is not at all, the largest value for ever.
    pub session_expiry_seconds: u32,
    /// Most QoS 1 messages the client takes unacknowledged; none is 65,535.
    pub receive_maximum: Option<NonZeroU16>,
    /// Most bytes of a packet the client takes; none is no limit but the protocol's. Never 0.
    pub maximum_packet_bytes: Option<u32>,
    /// Most topic aliases the client keeps.
    pub topic_alias_maximum: u16,
    /// Whether CONNACK may carry Response Information, which this server never has.
    pub request_response_information: bool,
    /// Whether acknowledgements may carry reason strings and user properties.
    pub request_problem_information: bool,
    /// The method of enhanced authentication, if the client wants any.
    pub authentication_method: Option<String>,
    /// What that method says first. Only with a method.
    pub authentication_data: Option<Box<[u8]>>,
    /// Names and values, of no meaning to the protocol.
    pub user_properties: UserProperties,
}

// Authentication data stay out of logs.
impl fmt::Debug for ConnectProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectProperties")
            .field("session_expiry_seconds", &self.session_expiry_seconds)
            .field("receive_maximum", &self.receive_maximum)
            .field("maximum_packet_bytes", &self.maximum_packet_bytes)
            .field("topic_alias_maximum", &self.topic_alias_maximum)
            .field("request_problem_information", &self.request_problem_information)
            .field("authentication_method", &self.authentication_method)
            .field("user_properties", &self.user_properties.len())
            .finish_non_exhaustive()
    }
}

// The values that a CONNECT without the properties means (MQTT 5, 3.1.2.11).
impl Default for ConnectProperties {
    fn default() -> Self {
        Self {
            session_expiry_seconds: 0,
            receive_maximum: None,
            maximum_packet_bytes: None,
            topic_alias_maximum: 0,
            request_response_information: false,
            request_problem_information: true,
            authentication_method: None,
            authentication_data: None,
            user_properties: UserProperties::new(),
        }
    }
}

/// A last will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// The message, with its MQTT 5 properties. Its expiry counts from the moment it is published.
    pub message: Message,
    /// The quality of service it is to be published with. The codec reads QoS 2 too; refusing it is the caller's.
    pub qos: Qos,
    /// How long after the end of the connection it is published, unless the session ends or the client comes back
    /// before (MQTT 5, 3.1.3.2.2); 0 in MQTT 3.1.1.
    pub delay_seconds: u32,
}

/// Answers CONNECT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnAck {
    /// Whether the server has kept something of an earlier session.
    pub session_present: bool,
    /// What became of the request. MQTT 3.1.1 knows six of them: Success, Unsupported Protocol Version, Client
    /// Identifier Not Valid, Server Unavailable, Bad User Name Or Password, Not Authorized.
    pub code: ReasonCode,
    /// What MQTT 5 says besides; none when it says nothing, and never any in MQTT 3.1.1.
    pub properties: Option<Box<ConnAckProperties>>,
}

impl ConnAck {
    /// An answer that says no more than that.
    pub fn new(session_present: bool, code: ReasonCode) -> Self {
        Self {
            session_present,
            code,
            properties: None,
        }
    }
}

/// The properties of CONNACK (MQTT 5, 3.2.2.3). None is the specification's default.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConnAckProperties {
    /// The session expiry in force, where it is not the one asked for.
    pub session_expiry_seconds: Option<u32>,
    /// Most QoS 1 messages the server takes unacknowledged.
    pub receive_maximum: Option<NonZeroU16>,
    /// The best quality of service the server has; never QoS 2, which is the default.
    pub maximum_qos: Option<Qos>,
    /// Whether messages can be retained.
    pub retain_available: Option<bool>,
    /// Most bytes of a packet the server takes; never 0.
    pub maximum_packet_bytes: Option<u32>,
    /// The client identifier that the server made up.
    pub assigned_client_id: Option<String>,
    /// Most topic aliases the server keeps.
    pub topic_alias_maximum: Option<u16>,
    /// A sentence for people.
    pub reason: Option<String>,
    /// Names and values, of no meaning to the protocol.
    pub user_properties: UserProperties,
    /// Whether filters may have wildcards.
    pub wildcard_available: Option<bool>,
    /// Whether subscriptions may have identifiers.
    pub subscription_identifiers_available: Option<bool>,
    /// Whether subscriptions may be shared.
    pub shared_available: Option<bool>,
    /// The keep-alive in force, where it is not the one asked for.
    pub keep_alive_seconds: Option<u16>,
    /// Where the client may make its response topics.
    pub response_information: Option<String>,
    /// Another server to use.
    pub server_reference: Option<String>,
    /// The method of enhanced authentication.
    pub authentication_method: Option<String>,
    /// What that method says.
    pub authentication_data: Option<Bytes>,
}
