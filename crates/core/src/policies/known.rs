//! Which policies registrations name, again and again.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use lru::LruCache;
use thingsmith_model::{PolicyName, Realm};

/// The numbers of policies by their names, as they once were.
///
/// A policy keeps its name and no number is used again, so that a number which is kept here is that of the policy of this name or
/// of one that is gone. Whoever goes by it holds the policy in its batch, and looks in the store when that is refused.
pub(crate) struct KnownPolicies(Mutex<LruCache<(Realm, PolicyName), i64>>);

/// Names kept: some 2 MiB at most.
const KEPT: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

impl Default for KnownPolicies {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl KnownPolicies {
    pub(crate) fn recall(&self, realm: Realm, name: &PolicyName) -> Option<i64> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(realm, name.clone())).copied()
    }

    pub(crate) fn remember(&self, realm: Realm, name: &PolicyName, number: i64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.put((realm, name.clone()), number);
    }
}
