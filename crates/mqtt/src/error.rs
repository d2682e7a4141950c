//! What a peer, or the program on this side, did wrong.

use thiserror::Error;

use crate::Kind;

/// Why bytes are not a packet, a text is not a topic, or a packet may not come now.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MqttError {
    /// The fixed header announces more than this side accepts.
    #[error("a packet of {bytes} bytes is longer than {maximum}")]
    PacketTooLong {
        /// Length of the packet with its fixed header.
        bytes: usize,
        /// Most bytes accepted.
        maximum: usize,
    },
    /// The remaining length goes on after its fourth byte.
    #[error("the remaining length has more than four bytes")]
    RemainingLength,
    /// A length takes more bytes than it needs, which MQTT 5 forbids.
    #[error("a length is not written as short as it can be")]
    LongLength,
    /// Packet type 0 or 15, which this version of MQTT does not have.
    #[error("there is no packet type {0}")]
    PacketType(u8),
    /// The low bits of the first byte are not the ones this packet type must have.
    #[error("{kind:?} must not have the header flags {flags:#06b}")]
    HeaderFlags {
        /// The packet type.
        kind: Kind,
        /// The four bits received.
        flags: u8,
    },
    /// A packet of the QoS 2 handshake, which AWS IoT does not support either.
    #[error("{0:?} is not supported")]
    NotSupported(Kind),
    /// The packet ends inside a field.
    #[error("the packet ends inside a field")]
    Truncated,
    /// Bytes follow the last field.
    #[error("{0} bytes follow the last field")]
    TrailingBytes(usize),
    /// A string is not UTF-8.
    #[error("a string is not valid UTF-8")]
    Utf8,
    /// A string holds U+0000.
    #[error("a string holds the character U+0000")]
    Nul,
    /// A field is longer than its two-byte length can say, or than the limit set for it.
    #[error("{what} of {bytes} bytes is longer than {maximum}")]
    TooLong {
        /// The field, with its article.
        what: &'static str,
        /// Its length.
        bytes: usize,
        /// Most bytes accepted.
        maximum: usize,
    },
    /// CONNECT does not begin with the name of an MQTT protocol.
    #[error("the protocol name is neither MQTT nor MQIsdp")]
    ProtocolName,
    /// The connect flags contradict each other or have the reserved bit set.
    #[error("the connect flags {0:#010b} are not allowed")]
    ConnectFlags(u8),
    /// A property that MQTT 5 does not have.
    #[error("there is no property {0}")]
    PropertyType(u8),
    /// A property in a packet that may not have it.
    #[error("the property {0} does not belong into this packet")]
    PropertyPlace(u8),
    /// A property a second time.
    #[error("the property {0} may come once")]
    PropertyTwice(u8),
    /// A property with a value that it may not have.
    #[error("the property {0} does not have this value")]
    PropertyValue(u8),
    /// A packet with more user properties than accepted.
    #[error("more than {0} user properties")]
    TooManyUserProperties(usize),
    /// A topic alias of zero, or above the maximum that was agreed.
    #[error("the topic alias {0} is not from 1 to the maximum")]
    TopicAlias(u16),
    /// A PUBLISH without a topic and without an alias that stands for one.
    #[error("neither a topic nor an alias that stands for one")]
    NoTopic,
    /// SUBSCRIBE with a subscription identifier.
    #[error("subscription identifiers are not supported")]
    SubscriptionIdentifier,
    /// A subscription's options with reserved bits or values, or No Local on a shared subscription.
    #[error("the subscription options {0:#010b} are not allowed")]
    SubscriptionOptions(u8),
    /// A reason code that does not exist in this packet.
    #[error("{code:#04x} is not a reason code of {kind:?}")]
    ReasonCode {
        /// The packet type.
        kind: Kind,
        /// The number received.
        code: u8,
    },
    /// CONNECT asks for enhanced authentication.
    #[error("enhanced authentication is not supported")]
    AuthenticationMethod,
    /// The client takes smaller packets only than the smallest maximum accepted.
    #[error("a maximum packet size of {0} bytes is too small")]
    MaximumPacketSize(u32),
    /// DISCONNECT sets a session expiry although CONNECT had none.
    #[error("a session expiry of zero cannot be raised")]
    SessionExpiry,
    /// CONNACK's flags or return code is not one of the specification's.
    #[error("the connect answer {flags:#04x} {code:#04x} does not exist")]
    ConnectAnswer {
        /// The acknowledge flags.
        flags: u8,
        /// The return code.
        code: u8,
    },
    /// The packet identifier is zero.
    #[error("the packet identifier is zero")]
    ZeroPacketId,
    /// A QoS of 3, or a requested QoS byte with reserved bits.
    #[error("{0:#04x} is not a quality of service")]
    Qos(u8),
    /// The DUP flag on a QoS 0 message.
    #[error("a message of QoS 0 cannot be a duplicate")]
    DuplicateQos0,
    /// A SUBACK return code that does not exist.
    #[error("{0:#04x} is not a subscribe return code")]
    SubscribeCode(u8),
    /// A topic name or filter without a character.
    #[error("{0} must not be empty")]
    Empty(&'static str),
    /// A wildcard in a topic name, or one that shares its level or is not last in a filter.
    #[error("{0} has a wildcard where none may be")]
    Wildcard(&'static str),
    /// A topic name or filter with too many slashes.
    #[error("{what} of {levels} levels is deeper than {maximum}")]
    TooDeep {
        /// What it is, with its article.
        what: &'static str,
        /// Its levels, the excluded ones not counted.
        levels: usize,
        /// Most levels accepted.
        maximum: usize,
    },
    /// A filter begins with `$share/` but has no share name, or one with a wildcard, or no filter after it.
    #[error("the shared subscription is not $share/NAME/FILTER")]
    Share,
    /// SUBSCRIBE or UNSUBSCRIBE without a filter.
    #[error("{0:?} without a topic filter")]
    NoFilters(Kind),
    /// SUBSCRIBE or UNSUBSCRIBE with more filters than accepted.
    #[error("{kind:?} with more than {maximum} topic filters")]
    TooManyFilters {
        /// The packet type.
        kind: Kind,
        /// Most filters accepted.
        maximum: usize,
    },
    /// The first packet is not CONNECT, or a packet came before CONNACK was sent, or one that only servers send.
    #[error("{0:?} may not come now")]
    Unexpected(Kind),
    /// CONNECT speaks another version of MQTT.
    #[error("the protocol version is not supported")]
    ProtocolVersion,
    /// The client identifier is empty in a session to be kept, too long, or begins with `$`.
    #[error("the client identifier is not allowed")]
    ClientId,
    /// A message of QoS 2.
    #[error("QoS 2 is not supported")]
    Qos2,
    /// The client went on although nothing more of it should have been read.
    #[error("more requests than may wait for an answer")]
    TooManyPending,
    /// No CONNECT came in time.
    #[error("no CONNECT within {0} milliseconds")]
    ConnectTimeout(u64),
    /// Nothing came for one and a half times the keep-alive.
    #[error("nothing received for {0} milliseconds")]
    KeepAlive(u64),
    /// The caller answered a question that was not the oldest open one.
    #[error("an answer without its question")]
    Answer,
}
