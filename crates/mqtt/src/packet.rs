//! What packets say, whatever version of MQTT said it. The codecs of the versions ([`crate::v3`]) read and write
//! these.
//!
//! Texts that stay with a connection (client id, filters) are owned, so that they keep no read buffer alive; topics
//! and payloads of messages passing through are slices of the packet they came in.

use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;

use bytes::Bytes;

use crate::{Kind, MqttError, TopicFilter, TopicName};

/// A packet identifier; zero is none.
pub type PacketId = NonZeroU16;

/// One control packet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "these are the specification's own names")]
pub enum Packet {
    Connect(Box<Connect>),
    /// A CONNECT of another protocol version, of which nothing more was read; written, the answer that refuses it.
    OtherVersion(Protocol),
    ConnAck(ConnAck),
    Publish(Publish),
    PubAck(PacketId),
    Subscribe(Subscribe),
    SubAck(SubAck),
    Unsubscribe(Unsubscribe),
    UnsubAck(PacketId),
    PingReq,
    PingResp,
    Disconnect,
}

impl Packet {
    /// The packet's type.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Connect(_) | Self::OtherVersion(_) => Kind::Connect,
            Self::ConnAck(_) => Kind::ConnAck,
            Self::Publish(_) => Kind::Publish,
            Self::PubAck(_) => Kind::PubAck,
            Self::Subscribe(_) => Kind::Subscribe,
            Self::SubAck(_) => Kind::SubAck,
            Self::Unsubscribe(_) => Kind::Unsubscribe,
            Self::UnsubAck(_) => Kind::UnsubAck,
            Self::PingReq => Kind::PingReq,
            Self::PingResp => Kind::PingResp,
            Self::Disconnect => Kind::Disconnect,
        }
    }
}

/// A version of MQTT that a CONNECT names and this side does not speak.
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
#[derive(Clone, PartialEq, Eq)]
pub struct Connect {
    /// The client identifier; empty if the client has none, and the caller then makes one.
    pub client_id: String,
    /// Whether nothing of an earlier session is to be used and nothing of this one kept.
    pub clean_session: bool,
    /// The keep-alive wished for; 0 for none.
    pub keep_alive_seconds: u16,
    /// The message to publish when the connection ends without DISCONNECT.
    pub will: Option<Will>,
    /// The user name. Device SDKs put the name and the token of a custom authorizer into it.
    pub user_name: Option<String>,
    /// The password.
    pub password: Option<Box<[u8]>>,
}

// Both credentials stay out of logs: AWS's custom authentication carries a token in the user name.
impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field("client_id", &self.client_id)
            .field("clean_session", &self.clean_session)
            .field("keep_alive_seconds", &self.keep_alive_seconds)
            .field("will", &self.will)
            .field("has_user_name", &self.user_name.is_some())
            .field("has_password", &self.password.is_some())
            .finish()
    }
}

/// A last will.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// The message.
    pub message: Message,
    /// The quality of service it is to be published with. The codec reads QoS 2 too; refusing it is the caller's.
    pub qos: Qos,
}

/// An application message, as it is routed, retained, queued.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Where it goes.
    pub topic: TopicName,
    /// What it says.
    pub payload: Bytes,
    /// From a client: whether to keep it for later subscribers. To a client: whether it was kept.
    pub retain: bool,
    /// What MQTT 5 says of it besides; none when it says nothing, and never any from MQTT 3.1.1. Shared, since one
    /// message goes to many.
    pub properties: Option<Arc<MessageProperties>>,
}

/// The properties of an application message that travel with it from publisher to subscriber (MQTT 5, 3.3.2.3). Topic
/// alias and subscription identifiers belong to one connection and are not among them.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct MessageProperties {
    /// Whether the payload is UTF-8 text (Payload Format Indicator 1).
    pub payload_is_utf8: bool,
    /// For how many seconds after it was published the message is worth delivering.
    pub message_expiry_seconds: Option<u32>,
    /// The content type, up to 256 bytes with AWS.
    pub content_type: Option<String>,
    /// Where an answer is to go.
    pub response_topic: Option<TopicName>,
    /// What the answer is to repeat.
    pub correlation_data: Option<Bytes>,
    /// Names and values, in their order, repeated ones too.
    pub user_properties: Vec<(String, String)>,
}

// User properties and correlation data belong to applications as payloads do.
impl fmt::Debug for MessageProperties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageProperties")
            .field("payload_is_utf8", &self.payload_is_utf8)
            .field("message_expiry_seconds", &self.message_expiry_seconds)
            .field("content_type", &self.content_type)
            .field("response_topic", &self.response_topic)
            .field(
                "correlation_bytes",
                &self.correlation_data.as_ref().map(Bytes::len),
            )
            .field("user_properties", &self.user_properties.len())
            .finish()
    }
}

impl MessageProperties {
    /// A copy that no longer keeps the packet it came in alive.
    fn detached(&self) -> Self {
        Self {
            response_topic: self.response_topic.as_ref().map(TopicName::detached),
            correlation_data: self.correlation_data.as_deref().map(Bytes::copy_from_slice),
            ..self.clone()
        }
    }
}

impl Message {
    /// A copy that no longer keeps the packet it came in alive, for those who store it.
    pub fn detached(&self) -> Self {
        Self {
            topic: self.topic.detached(),
            payload: Bytes::copy_from_slice(&self.payload),
            retain: self.retain,
            properties: self
                .properties
                .as_ref()
                .map(|properties| Arc::new(properties.detached())),
        }
    }
}

// A payload can hold a private key or a claim's secret, and is long; its length is enough for a log.
impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("topic", &self.topic)
            .field("payload_bytes", &self.payload.len())
            .field("retain", &self.retain)
            .finish()
    }
}

/// A quality of service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Qos {
    /// QoS 0: sent and forgotten.
    AtMostOnce = 0,
    /// QoS 1: sent until acknowledged.
    AtLeastOnce = 1,
    /// QoS 2, which AWS IoT does not support.
    ExactlyOnce = 2,
}

impl Qos {
    /// Reads two bits, or the whole byte of a SUBSCRIBE, whose other bits must be zero.
    pub(crate) fn from_bits(bits: u8) -> Result<Self, MqttError> {
        match bits {
            0 => Ok(Self::AtMostOnce),
            1 => Ok(Self::AtLeastOnce),
            2 => Ok(Self::ExactlyOnce),
            _ => Err(MqttError::Qos(bits)),
        }
    }
}

/// The quality of service of one transmission, with the identifier that QoS 1 and 2 need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishQos {
    /// QoS 0.
    AtMostOnce,
    /// QoS 1.
    AtLeastOnce(PacketId),
    /// QoS 2.
    ExactlyOnce(PacketId),
}

impl PublishQos {
    /// The quality of service alone.
    pub fn level(self) -> Qos {
        match self {
            Self::AtMostOnce => Qos::AtMostOnce,
            Self::AtLeastOnce(_) => Qos::AtLeastOnce,
            Self::ExactlyOnce(_) => Qos::ExactlyOnce,
        }
    }

    /// The packet identifier, if there is one.
    pub fn packet_id(self) -> Option<PacketId> {
        match self {
            Self::AtMostOnce => None,
            Self::AtLeastOnce(id) | Self::ExactlyOnce(id) => Some(id),
        }
    }
}

/// Transmits a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    /// The message.
    pub message: Message,
    /// How it is delivered.
    pub qos: PublishQos,
    /// Whether it may have been sent before.
    pub duplicate: bool,
}

/// Asks for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscribe {
    /// The identifier that SUBACK repeats.
    pub packet_id: PacketId,
    /// What is asked for, at least one.
    pub subscriptions: Vec<Subscription>,
}

/// One filter of a SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Which messages.
    pub filter: TopicFilter,
    /// The best quality of service to deliver them with.
    pub qos: Qos,
}

/// Answers SUBSCRIBE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubAck {
    /// The identifier of the SUBSCRIBE.
    pub packet_id: PacketId,
    /// An answer for each filter, in their order.
    pub grants: Vec<Grant>,
}

/// The answer to one filter of a SUBSCRIBE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    /// Subscribed, with this best quality of service.
    Granted(Qos),
    /// Not subscribed.
    Refused,
}

/// Takes subscriptions back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsubscribe {
    /// The identifier that UNSUBACK repeats.
    pub packet_id: PacketId,
    /// The filters, at least one.
    pub filters: Vec<TopicFilter>,
}

/// Answers CONNECT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnAck {
    /// Whether the server has kept something of an earlier session.
    pub session_present: bool,
    /// What became of the request.
    pub code: ConnectReturnCode,
}

/// The return codes of CONNACK (MQTT 3.1.1, table 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "these are the specification's own names")]
pub enum ConnectReturnCode {
    Accepted = 0,
    UnacceptableProtocolVersion = 1,
    IdentifierRejected = 2,
    ServerUnavailable = 3,
    BadUserNameOrPassword = 4,
    NotAuthorized = 5,
}
