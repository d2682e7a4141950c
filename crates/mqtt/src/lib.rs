//! MQTT without a socket: the packets, the topics and filters, the subscription trie and the server's side of a
//! connection.
//!
//! Bytes become [`Packet`]s through the codec of a protocol version ([`v3`] is MQTT 3.1.1); a [`Session`] turns
//! packets, the caller's answers and the passing of time into [`Action`]s. Whoever owns the socket, be it TLS over
//! TCP or a WebSocket, feeds both and carries the actions out. Nothing here waits, reads a clock or decides who may
//! do what.
//!
//! What differs from the OASIS specification follows AWS IoT Core; each place says so.

#[cfg(test)]
mod arbitrary;
mod error;
mod filter;
mod frame;
mod limits;
mod packet;
mod session;
mod string;
mod topic;
mod trie;
pub mod v3;

pub use error::MqttError;
pub use filter::TopicFilter;
pub use frame::{Header, Kind};
pub use limits::{KeepAlive, Limits, TopicLimits};
pub use packet::{
    ConnAck, Connect, ConnectReturnCode, Grant, Message, MessageProperties, Packet, PacketId, Protocol,
    Publish, PublishQos, Qos, SubAck, Subscribe, Subscription, Unsubscribe, Will,
};
pub use session::{Action, Answer, Delivered, DeliveryId, DisconnectReason, Session};
pub use topic::TopicName;
pub use trie::{Match, SubscriptionTrie};
