//! What somebody may want of a connection, and what it says.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use thingsmith_model::Timestamp;
use tokio::sync::oneshot;

/// What a connection is called for.
#[derive(Debug)]
pub enum Call {
    /// Another connection has its client id now.
    TakenOver,
    /// An operator wants it to end.
    Leave(Leave),
    /// Somebody wants to know of it.
    Report(oneshot::Sender<Report>),
}

/// How an operator wants a connection to end.
#[derive(Debug)]
pub struct Leave {
    /// Whether its session ends with it.
    pub clean_session: bool,
    /// Whether its will is not to be published.
    pub prevent_will: bool,
    /// Is told when the connection is gone, and why its session is not if that failed.
    pub done: oneshot::Sender<Result<(), String>>,
}

/// What there is to say of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The thing that its principal is attached to.
    pub thing_name: Option<String>,
    /// What CONNECT said.
    pub keep_alive_seconds: u16,
    /// When it was accepted.
    #[serde(with = "millis")]
    pub connected_at: Timestamp,
    /// How long its session outlives it; 0 is not at all.
    pub session_expiry_seconds: u32,
    /// Where the client is.
    pub source: SocketAddr,
    /// Where it came in.
    pub target: SocketAddr,
    /// Its filters as they were sent, sorted, each with its quality of service.
    pub subscriptions: Vec<(String, u8)>,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departure {
    /// What there was to say of it.
    pub report: Report,
    /// When it ended.
    #[serde(with = "millis")]
    pub at: Timestamp,
    /// Why, in AWS's words.
    pub reason: String,
}

/// Where it is told what became of a message to one client.
#[derive(Debug)]
pub struct Receipt(oneshot::Sender<Received>);

/// What became of a message to one client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// The client has it, or with QoS 0 was sent it.
    Delivered,
    /// Its policies do not let it receive the topic.
    Denied,
    /// It does not take it: it is too long for it, or too much waits.
    Dropped,
}

impl Receipt {
    pub(super) fn new() -> (Self, oneshot::Receiver<Received>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Tells it. Whether anybody waits for it still is their matter.
    pub fn tell(self, received: Received) {
        self.0.send(received).ok();
    }
}

/// A time as nodes write it to each other: in milliseconds.
mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use thingsmith_model::Timestamp;

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.as_millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}
