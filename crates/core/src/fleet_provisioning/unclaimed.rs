//! How many certificates an account has with which nobody has registered yet.
//!
//! They are counted in the store once a second at most, and what this node adds meanwhile is added up: a cap on what leaks
//! need not be exact to the last one.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use thingsmith_model::{Realm, Timestamp};

use super::rejection::{Rejection, Step};
use super::rows;
use crate::Deeds;

/// What was counted, by realm.
pub(super) struct Unclaimed(Mutex<LruCache<Realm, Counted>>);

struct Counted {
    at: Timestamp,
    number: i64,
}

/// For how long a count is believed.
const FRESH: Duration = Duration::from_secs(1);
/// Realms whose count is kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

impl Default for Unclaimed {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Unclaimed {
    /// Makes room for one more, if what is known is fresh.
    fn add(&self, realm: Realm, most: i64, now: Timestamp) -> Option<bool> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = counts.get_mut(&realm)?;
        if now >= counted.at.plus(FRESH) || now < counted.at {
            return None;
        }
        let room = counted.number < most;
        counted.number += i64::from(room);
        Some(room)
    }

    fn set(&self, realm: Realm, counted: Counted) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.put(realm, counted);
    }

    /// There is one less.
    pub(super) fn take_away(&self, realm: Realm) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counted) = counts.get_mut(&realm) {
            counted.number = (counted.number - 1).max(0);
        }
    }
}

/// Refuses one more certificate when there are too many with which nobody has registered.
pub(super) async fn check(deeds: &Deeds, realm: Realm) -> Result<(), Rejection> {
    let fleet = deeds.fleet_provisioning();
    let most = i64::from(fleet.limits().unclaimed_certificates);
    let now = deeds.clock().now();
    let room = match fleet.unclaimed.add(realm, most, now) {
        Some(room) => room,
        None => {
            let number = rows::unclaimed(deeds.store(), realm, now, most)
                .await
                .map_err(|error| Rejection::from_fault(Step::Limits, error.into()))?;
            let counted = Counted { at: now, number };
            fleet.unclaimed.set(realm, counted);
            fleet.unclaimed.add(realm, most, now).unwrap_or(false)
        }
    };
    match room {
        true => Ok(()),
        false => Err(Rejection::throttled(
            "This account has too many certificates that no device has registered with yet. Those are deleted after an hour.",
        )),
    }
}
