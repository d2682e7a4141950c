//! MQTT without a socket: the packets, the topics and filters, the subscription trie and the server's side of a
//! connection.
//!
//! Bytes become [`Packet`]s through the codec of a protocol version ([`v3`] is MQTT 3.1.1, [`v5`] MQTT 5, [`Codec`]
//! the one that a CONNECT names); a [`Session`] turns packets, the caller's answers and the passing of time into [`Action`]s. Whoever owns the socket, be it TLS over
//! TCP or a WebSocket, feeds both and carries the actions out. Nothing here waits, reads a clock or decides who may
//! do what.
//!
//! What differs from the OASIS specification follows AWS IoT Core; each place says so.

#[cfg(test)]
mod arbitrary;
mod codec;
mod error;
mod filter;
mod frame;
mod limits;
mod packet;
mod payload;
mod publish;
mod reason_code;
mod session;
mod string;
mod topic;
mod trie;
pub mod v3;
pub mod v5;

pub use codec::Codec;
pub use error::MqttError;
pub use filter::TopicFilter;
pub use frame::{Header, Kind};
pub use limits::{KeepAlive, Limits, PropertyLimits, SessionExpiry, TopicLimits};
pub use packet::{
    Auth, ConnAck, ConnAckProperties, Connect, ConnectProperties, Disconnect, Grant, Message,
    MessageProperties, Packet, PacketId, Problem, Protocol, PubAck, Publish, PublishQos, Qos, RetainHandling,
    SubAck, Subscribe, SubscribeProperties, Subscription, SubscriptionOptions, UnsubAck, Unsubscribe,
    UserProperties, Version, Will,
};
pub use reason_code::ReasonCode;
pub use session::{Action, Answer, Delivered, DeliveryId, DisconnectReason, Dispatch, Session};
pub use topic::TopicName;
pub use trie::{Match, SubscriptionTrie};
