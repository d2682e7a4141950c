//! The rules engine: what topic rules do with the messages that they listen to.
//!
//! [`messages::publish`](crate::messages::publish()) offers every message. A realm without rules costs it a look into a
//! table. Else the message with the rules that it matches goes into a bounded queue of this node, and nobody who
//! publishes ever waits: what finds no room is dropped, counted and logged. [`run`] takes messages out, one at a time in
//! each realm so that what a rule republishes keeps its order; whatever waits for somebody else (functions, HTTP, calls
//! within a statement) goes on to a second queue with many at a time.

mod actions;
mod delivery;
mod external;
mod failure;
mod index;
mod offer;
mod origin;
mod program;
mod queue;
mod refresh;
mod roles;
mod run;
mod template;

use std::collections::HashSet;
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use thingsmith_model::Realm;
use thingsmith_mqtt::TopicLimits;

pub(crate) use actions::check_url;
pub use offer::rule_of_basic_ingest;
pub(crate) use origin::Lineage;
pub use origin::Origin;
pub use program::Program;
pub use run::run;

use delivery::Delivery;
use index::Index;
use offer::Offered;
use queue::{Queue, QueueLimits};
use roles::Roles;

/// The topic filters that rules may listen to: those of AWS's own topics are longer than what clients may send.
pub(crate) const FROM_LIMITS: TopicLimits = TopicLimits {
    bytes: 512,
    levels: 16,
};

/// Messages that wait for their rules.
const OFFERED: QueueLimits = QueueLimits {
    bytes: 64 << 20,
    bytes_per_realm: 32 << 20,
    running: 64,
    // One at a time, so that what is republished keeps its order.
    running_per_realm: 1,
};

/// What waits for functions and servers of others.
const DELIVERIES: QueueLimits = QueueLimits {
    bytes: 64 << 20,
    bytes_per_realm: 32 << 20,
    running: 256,
    running_per_realm: 32,
};

/// The rules of this node and what is to be done by them.
pub struct Rules {
    index: RwLock<Index>,
    /// Realms whose rules changed since they were read.
    stale: Mutex<HashSet<Realm>>,
    refreshing: tokio::sync::Mutex<()>,
    roles: Roles,
    offered: Arc<Queue<Offered>>,
    deliveries: Arc<Queue<Delivery>>,
    /// Where the API is reached, for links that others are to follow.
    api: OnceLock<String>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            index: RwLock::default(),
            stale: Mutex::default(),
            refreshing: tokio::sync::Mutex::default(),
            roles: Roles::default(),
            offered: Arc::new(Queue::new(OFFERED)),
            deliveries: Arc::new(Queue::new(DELIVERIES)),
            api: OnceLock::new(),
        }
    }
}

impl Rules {
    /// Says where the API is reached, such as `https://iot.example.com:4566`. Only the first time counts.
    pub fn set_api(&self, url: &str) {
        drop(self.api.set(url.trim_end_matches('/').to_owned()));
    }

    /// Where the API is reached, once that is known.
    pub(crate) fn api(&self) -> Option<&str> {
        self.api.get().map(String::as_str)
    }

    /// Bytes that wait in the queues of this node.
    pub fn waiting_bytes(&self) -> usize {
        self.offered.waiting_bytes() + self.deliveries.waiting_bytes()
    }

    /// Forgets what roles permit.
    pub(crate) fn forget_roles(&self) {
        self.roles.forget();
    }
}
