//! Sessions that outlive their connections: their subscriptions, and the messages of QoS 1 that wait for them.
//!
//! Every message of QoS 1 for such a session is in the store before its publisher gets its PUBACK, whether the client is
//! there or not, and goes when the client has acknowledged it. So nothing has to be saved when a connection ends, and
//! nothing is lost when the node does. A session belongs to a client id of an account, whatever certificate uses it; each
//! delivery is authorized for the principal that is connected then.

mod connected;
mod kept;
mod life;
mod queue;
mod resume;
pub mod rows;

use thingsmith_model::{Realm, Timestamp};

pub use connected::Connected;
pub use kept::{KeptSession, Sessions};
pub(super) use life::forget_all;
pub use life::{Opened, open, sweep};
pub(crate) use life::{end_of, load, subscriptions_of};
pub use queue::enqueue;

use thingsmith_mqtt::{Qos, SubscriptionOptions, TopicFilter};

use super::stored::Stored;

/// How long a session of MQTT 3.1.1 outlives its connection, in seconds (AWS's quota "Persistent session expiry period").
pub const DEFAULT_EXPIRY_SECONDS: u32 = 3_600;
/// The longest that a client of MQTT 5 may ask for, in seconds: 7 days (the same quota's maximum).
pub const LONGEST_EXPIRY_SECONDS: u32 = 604_800;

/// A session as its row has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRecord {
    /// The realm it is in.
    pub realm: Realm,
    /// Names it.
    pub number: i64,
    /// The client id that it belongs to.
    pub client_id: String,
    /// How long it outlives its connection.
    pub expiry_seconds: i64,
    /// When it is over, unless its client is connected.
    pub expires_at: Timestamp,
}

/// A subscription of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSubscription {
    /// The filter, as the client wrote it.
    pub filter: String,
    /// The best quality of service to deliver with.
    pub qos: Qos,
    /// MQTT 5: whether the session's own messages stay away.
    pub no_local: bool,
    /// MQTT 5: whether messages keep the retain flag they were published with; of those that wait none does.
    pub retain_as_published: bool,
}

impl SessionSubscription {
    /// The subscription to a filter.
    pub fn new(filter: &TopicFilter, qos: Qos, options: SubscriptionOptions) -> Self {
        Self {
            filter: filter.as_str().to_owned(),
            qos,
            no_local: options.no_local,
            retain_as_published: options.retain_as_published,
        }
    }

    fn options(&self) -> SubscriptionOptions {
        SubscriptionOptions {
            no_local: self.no_local,
            retain_as_published: self.retain_as_published,
            ..SubscriptionOptions::default()
        }
    }
}

/// A message that waits for a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// Names it; a later message has a greater one.
    pub number: i64,
    /// The message.
    pub stored: Stored,
}

/// How much may wait for one session. What comes beyond it is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Messages.
    pub messages: i64,
    /// Bytes of topics and payloads.
    pub bytes: i64,
}

/// AWS speaks of account limits and names none for one session.
const QUEUE: QueueLimits = QueueLimits {
    messages: 10_000,
    bytes: 32 * 1024 * 1024,
};
