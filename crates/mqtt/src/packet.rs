//! What packets say, whatever version of MQTT said it. The codecs of the versions ([`crate::v3`], [`crate::v5`]) read
//! and write these. What only MQTT 5 can say has a value that means nothing of it was said.
//!
//! All of it is owned and keeps no read buffer alive: a message may wait long, and a few bytes must not hold all that was
//! read together with them. A message is copied once, when it is read; what then goes to many shares it.

mod close;
mod connect;
mod subscribe;

use std::fmt;
use std::num::NonZeroU16;
use std::sync::Arc;

use bytes::Bytes;

pub use close::{Auth, Disconnect, Problem, PubAck};
pub use connect::{ConnAck, ConnAckProperties, Connect, ConnectProperties, Protocol, Version, Will};
pub use subscribe::{
    Grant, RetainHandling, SubAck, Subscribe, SubscribeProperties, Subscription, SubscriptionOptions,
    UnsubAck, Unsubscribe,
};

use crate::{Kind, MqttError, TopicName};

/// A packet identifier; zero is none.
pub type PacketId = NonZeroU16;

/// Names and values of MQTT 5, in their order, repeated ones too.
pub type UserProperties = Vec<(String, String)>;

/// One control packet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "these are the specification's own names")]
pub enum Packet {
    Connect(Box<Connect>),
    /// A CONNECT of another protocol version, of which nothing more was read; written, the answer that refuses it.
    OtherVersion(Protocol),
    ConnAck(ConnAck),
    Publish(Publish),
    PubAck(PubAck),
    Subscribe(Subscribe),
    SubAck(SubAck),
    Unsubscribe(Unsubscribe),
    UnsubAck(UnsubAck),
    PingReq,
    PingResp,
    Disconnect(Disconnect),
    /// MQTT 5 only.
    Auth(Auth),
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
            Self::Disconnect(_) => Kind::Disconnect,
            Self::Auth(_) => Kind::Auth,
        }
    }
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
    pub user_properties: UserProperties,
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
    /// Whether they say nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Bytes of all that they hold.
    pub fn bytes(&self) -> usize {
        let user = self
            .user_properties
            .iter()
            .map(|(name, value)| name.len() + value.len());
        user.sum::<usize>()
            + self.content_type.as_ref().map_or(0, String::len)
            + self
                .response_topic
                .as_ref()
                .map_or(0, |topic| topic.as_bytes().len())
            + self.correlation_data.as_ref().map_or(0, Bytes::len)
    }
}

impl Message {
    /// Bytes of its topic, its payload and its properties.
    pub fn bytes(&self) -> usize {
        let properties = self.properties.as_ref();
        let properties = properties.map_or(0, |properties| properties.bytes());
        self.topic.as_bytes().len() + self.payload.len() + properties
    }

    /// For how many seconds the message is worth delivering, if not for ever.
    pub fn expiry_seconds(&self) -> Option<u32> {
        self.properties
            .as_ref()
            .and_then(|properties| properties.message_expiry_seconds)
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
    /// The message. While a topic alias stands for its topic, as the codec reads it, the topic is
    /// [absent](TopicName::is_absent).
    pub message: Message,
    /// How it is delivered.
    pub qos: PublishQos,
    /// Whether it may have been sent before.
    pub duplicate: bool,
    /// MQTT 5: the number that stands for the topic on this connection, from now on or since an earlier PUBLISH.
    pub topic_alias: Option<NonZeroU16>,
}
