//! What a session asks of its owner, and what the owner tells it.

use crate::{
    Connect, DisconnectReason, Grant, Message, MqttError, Packet, Publish, Subscription, TopicFilter,
};

/// Something for the owner of the socket to do. Actions are carried out in their order; a question handed out before
/// [`Action::Close`] is still to be dealt with, although its answer will be ignored: a device may publish and
/// disconnect in one breath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// May this client connect? Answered by [`Session::accept`](crate::Session::accept) or
    /// [`Session::refuse`](crate::Session::refuse). With an empty client id the owner makes one up first.
    Authorize(Box<Connect>),
    /// May this message be published, and where does it go? Answered by [`Answer::Published`].
    Publish(Publish),
    /// Which of these may be subscribed? Answered by [`Answer::Subscribed`].
    Subscribe(Vec<Subscription>),
    /// Take these subscriptions out. Answered by [`Answer::Unsubscribed`].
    Unsubscribe(Vec<TopicFilter>),
    /// Write this packet.
    Send(Packet),
    /// The client has this message.
    Acknowledged(DeliveryId),
    /// Write what is left to write and close the connection.
    Close {
        /// Why, in AWS's words.
        reason: DisconnectReason,
        /// The rule that was broken, for the log and the decision record; the client is not told.
        cause: Option<MqttError>,
    },
}

/// What the owner says to the oldest open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The message is routed, and as durable as it will be: PUBACK says so.
    Published,
    /// For each filter asked about, in their order, whether it is subscribed. A grant above the quality of service
    /// requested is lowered to it.
    Subscribed(Vec<Grant>),
    /// The subscriptions are gone, or were not there.
    Unsubscribed,
    /// No. MQTT 3.1.1 has no word for a message refused, so the connection ends.
    Refused(DisconnectReason),
}

/// The owner's name for a message it delivers, by which it learns that the client has it. Of no meaning to QoS 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub u64);

/// What became of a message to deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a message not taken is lost unless its giver keeps it"]
pub enum Delivered {
    /// It is among the actions.
    Sent,
    /// It waits until the client acknowledges an earlier one.
    Queued,
    /// The queue is full; here it is back.
    Overflow(Message),
    /// The client is not connected, or no longer; here it is back.
    NotConnected(Message),
}
