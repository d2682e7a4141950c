//! What a session asks of its owner, and what the owner tells it.

use crate::{
    Connect, DisconnectReason, Grant, Message, MqttError, Packet, Publish, Qos, ReasonCode, Subscription,
    TopicFilter,
};

/// Something for the owner of the socket to do. Actions are carried out in their order; a question handed out before
/// [`Action::Close`] is still to be dealt with, although its answer will be ignored: a device may publish and
/// disconnect in one breath.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// May this client connect? Answered by [`Session::accept`](crate::Session::accept) or
    /// [`Session::refuse`](crate::Session::refuse). With an empty client id the owner makes one up first. The will is
    /// the owner's to keep: [`Action::Close`] says whether it is published.
    Authorize(Box<Connect>),
    /// May this message be published, and where does it go? Answered by [`Answer::Published`], [`Answer::Denied`] or
    /// [`Answer::Discarded`]. It has its topic, whatever alias stood for it, and an expiry within the limits.
    Publish(Publish),
    /// Which of these may be subscribed? Answered by [`Answer::Subscribed`].
    Subscribe(Vec<Subscription>),
    /// Take these subscriptions out. Answered by [`Answer::Unsubscribed`].
    Unsubscribe(Vec<TopicFilter>),
    /// Write this packet.
    Send(Packet),
    /// The client has this message.
    Acknowledged(DeliveryId),
    /// This message, which waited for a place in flight, will not be sent: it expired meanwhile, or is longer than the
    /// client takes.
    Dropped(DeliveryId),
    /// Write what is left to write and close the connection.
    Close {
        /// Why, in AWS's words.
        reason: DisconnectReason,
        /// The rule that was broken, for the log and the decision record. Of MQTT 5 clients those that ask for it are
        /// told.
        cause: Option<MqttError>,
        /// Whether the will of the client is to be published: it was accepted, and did not leave with a normal
        /// DISCONNECT. DeleteConnection can forbid it besides.
        publish_will: bool,
    },
}

/// What the owner says to the oldest open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The message is routed, and as durable as it will be: PUBACK says so.
    Published,
    /// The message may not be published. An MQTT 5 client is told in PUBACK and stays, or, as QoS 0 has none, by the
    /// DISCONNECT that ends the connection. MQTT 3.1.1 has no word for it, so the connection ends.
    Denied(ReasonCode, DisconnectReason),
    /// The message goes nowhere, since the client publishes too often. An MQTT 5 client is told in PUBACK; one of MQTT 3.1.1
    /// gets none, as with AWS, and sends the message again when it connects anew.
    Discarded(ReasonCode),
    /// For each filter asked about, in their order, whether it is subscribed. A grant above the quality of service
    /// requested is lowered to it.
    Subscribed(Vec<Grant>),
    /// The subscriptions are gone, or were not there.
    Unsubscribed,
    /// The connection ends.
    Refused(DisconnectReason),
}

/// A message for the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// The message, with the retain flag that the client is to see. Its expiry counts from when it began to wait.
    pub message: Message,
    /// The quality of service to deliver it with. QoS 2 counts as QoS 1, the best there is.
    pub qos: Qos,
    /// The owner's name for it.
    pub id: DeliveryId,
    /// Whether an earlier connection of the session sent it, which MQTT says with the DUP flag.
    pub duplicate: bool,
    /// How long it has waited for its delivery so far, in milliseconds.
    pub waited_ms: u64,
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
    /// It expired, or is longer than the client takes (MQTT 5, 3.1.2.11.4): nothing is to be done with it any more.
    Dropped,
    /// The queue is full; here it is back.
    Overflow(Message),
    /// The client is not connected, or no longer; here it is back.
    NotConnected(Message),
}
