//! The quotas of an account in a region that AWS's message broker holds (general reference, "AWS IoT Core endpoints and
//! quotas", message broker and protocol), for servers that are told to hold them.
//!
//! A server that is not told holds none of these: what bounds its memory is bounded elsewhere, whatever it is told. Each
//! node counts by itself.

mod limits;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

pub(crate) use limits::RETAINED;
pub use limits::{Limits, Quota};
use lru::LruCache;
use thingsmith_model::Realm;
use thingsmith_ports::Clock;

use crate::rates::{Bucket, Rate};
use crate::{Code, Fault};

/// What is counted of accounts, and by what it is held.
#[derive(Default)]
pub struct Quotas {
    held: OnceLock<Held>,
}

struct Held {
    limits: Limits,
    rates: Mutex<HashMap<(Realm, Quota), Bucket>>,
    singles: Mutex<LruCache<(Realm, Single), Bucket>>,
    connections: Connections,
}

/// What has a rate of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Single {
    Client(Box<str>),
    Deletion(Box<str>),
    Group(Box<str>),
    RetainedTopic(Box<str>),
}

/// Single clients and topics that are remembered. One that is forgotten is as one that did nothing for a while.
const SINGLES: NonZeroUsize = NonZeroUsize::new(200_000).expect("it is not zero");

/// Connections by realm. INVARIANT: no count is zero.
type Connections = Arc<Mutex<HashMap<Realm, usize>>>;

/// A connection that counts among those of its account. Dropping it takes it out again.
#[derive(Debug)]
pub struct Counted {
    realm: Realm,
    connections: Connections,
}

impl Quotas {
    /// Holds accounts to these limits from now on; said once, before anybody is served.
    pub fn hold(&self, limits: Limits) {
        let held = Held {
            limits,
            rates: Mutex::default(),
            singles: Mutex::new(LruCache::new(SINGLES)),
            connections: Connections::default(),
        };
        // Whoever was first is right; nobody says it twice.
        drop(self.held.set(held));
    }

    /// What accounts are held to, if they are.
    pub fn limits(&self) -> Option<&Limits> {
        self.held.get().map(|held| &held.limits)
    }

    /// Takes one of what an account may do in a second; false if it has done it as often already.
    pub fn take(&self, realm: Realm, quota: Quota, clock: &dyn Clock) -> bool {
        let Some(held) = self.held.get() else {
            return true;
        };
        let (rate, now) = (Rate::per_second(held.limits.per_second(quota)), clock.now());
        let mut rates = lock(&held.rates);
        let bucket = rates.entry((realm, quota));
        bucket.or_insert_with(|| Bucket::full(rate, now)).take(rate, now)
    }

    /// As [`Self::take`], for a call of the API.
    ///
    /// # Errors
    /// `ThrottlingException` when the account has called as often as it may.
    pub fn call(&self, realm: Realm, quota: Quota, clock: &dyn Clock) -> Result<(), Fault> {
        match self.take(realm, quota, clock) {
            true => Ok(()),
            false => Err(Fault::new(
                Code::Throttling,
                format!("The account has done this too often: {quota:?}. Try again later."),
            )),
        }
    }

    /// Whether a client id may connect once more now.
    pub fn client_connects(&self, realm: Realm, client_id: &str, clock: &dyn Clock) -> bool {
        self.held.get().is_none_or(|held| {
            let rate = Rate::per_second(held.limits.connects_per_client);
            held.take_single(realm, Single::Client(client_id.into()), rate, clock)
        })
    }

    /// Whether a message may be retained on a topic once more now.
    pub fn topic_retains(&self, realm: Realm, topic: &str, clock: &dyn Clock) -> bool {
        self.held.get().is_none_or(|held| {
            let rate = Rate::per_second(held.limits.retained_publishes_per_topic);
            held.take_single(realm, Single::RetainedTopic(topic.into()), rate, clock)
        })
    }

    /// Counts a DeleteConnection of a client id.
    ///
    /// # Errors
    /// `ThrottlingException` when it was deleted as often as it may.
    pub fn client_is_deleted(&self, realm: Realm, client_id: &str, clock: &dyn Clock) -> Result<(), Fault> {
        let within = self.held.get().is_none_or(|held| {
            let rate = Rate::per_second(held.limits.deletions_per_client);
            held.take_single(realm, Single::Deletion(client_id.into()), rate, clock)
        });
        match within {
            true => Ok(()),
            false => Err(Fault::new(
                Code::Throttling,
                format!("The connection of the client {client_id} is deleted too often. Try again later."),
            )),
        }
    }

    /// Whether a member of a shared subscription may subscribe or unsubscribe once more now.
    pub fn group_changes(&self, realm: Realm, filter: &str, clock: &dyn Clock) -> bool {
        self.held.get().is_none_or(|held| {
            let rate = Rate::per_second(held.limits.changes_per_group);
            held.take_single(realm, Single::Group(filter.into()), rate, clock)
        })
    }

    /// Counts a connection; none is given when nobody counts.
    ///
    /// # Errors
    /// [`Full`] when the account has as many as it may.
    pub fn connect(&self, realm: Realm) -> Result<Option<Counted>, Full> {
        let Some(held) = self.held.get() else {
            return Ok(None);
        };
        let mut connections = lock(&held.connections);
        let count = connections.get(&realm).copied().unwrap_or(0);
        if count >= held.limits.connections {
            return Err(Full);
        }
        connections.insert(realm, count + 1);
        let connections = Arc::clone(&held.connections);
        Ok(Some(Counted { realm, connections }))
    }

    /// Whether an account that has so many subscriptions may have one more.
    pub fn allow_subscription(&self, subscriptions: impl FnOnce() -> usize) -> bool {
        self.held
            .get()
            .is_none_or(|held| subscriptions() < held.limits.subscriptions)
    }

    /// Which quota a new member of a shared subscription breaks, if any. `shared` gives the account's shared subscriptions and
    /// the members of this one.
    pub fn shared_subscription(&self, shared: impl FnOnce() -> (usize, usize)) -> Option<&'static str> {
        let limits = self.limits()?;
        match shared() {
            (groups, 0) if groups >= limits.shared_groups => {
                Some("the account has as many shared subscriptions as it may have")
            }
            (_, members) if members >= limits.members_per_group => {
                Some("the shared subscription has as many members as it may have")
            }
            _ => None,
        }
    }
}

/// An account has as much of something as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl Held {
    fn take_single(&self, realm: Realm, single: Single, rate: Rate, clock: &dyn Clock) -> bool {
        let now = clock.now();
        lock(&self.singles)
            .get_or_insert_mut((realm, single), || Bucket::full(rate, now))
            .take(rate, now)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut connections = lock(&self.connections);
        match connections.get(&self.realm).copied() {
            Some(count) if count > 1 => connections.insert(self.realm, count - 1),
            _ => connections.remove(&self.realm),
        };
    }
}

/// No code panics while it holds a lock, so a poisoned one is as good.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
