//! How fast an account's trusted users are given claims.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use thingsmith_model::{Realm, Timestamp};

use crate::{Code, Fault};

/// Claims that a realm is given a second (AWS's quota for `CreateProvisioningClaim`), each node for itself.
const A_SECOND: u32 = 10;
/// What one claim takes of a second.
const SHARE: Duration = Duration::from_millis(1000 / A_SECOND as u64);
/// Realms remembered at once.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(10_000).expect("it is not zero");

/// Counts claims against time: a realm may be given as many at once as in a second, and then one with each share of it.
pub(crate) struct Throttle {
    /// When what was given will have been made good.
    settled_at: Mutex<LruCache<Realm, Timestamp>>,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            settled_at: Mutex::new(LruCache::new(REMEMBERED)),
        }
    }
}

impl Throttle {
    /// Counts one claim.
    ///
    /// # Errors
    /// `ThrottlingException`
    pub(crate) fn take(&self, realm: Realm, now: Timestamp) -> Result<(), Fault> {
        let mut all = self.settled_at.lock().unwrap_or_else(PoisonError::into_inner);
        let settled_at = all.get(&realm).copied().unwrap_or(now).max(now);
        // A clock that was turned back must not lock anybody out.
        let settled_at = settled_at.min(now.plus(SHARE * A_SECOND));
        if settled_at > now.plus(SHARE * (A_SECOND - 1)) {
            all.put(realm, settled_at);
            return Err(Fault::new(Code::Throttling, "Rate exceeded"));
        }
        all.put(realm, settled_at.plus(SHARE));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_at_once_and_then_ten_a_second() {
        let throttle = Throttle::default();
        let at = |millis: i64| Timestamp::from_millis(1_000_000 + millis);
        let given = |realm, millis| throttle.take(Realm(realm), at(millis)).is_ok();
        assert!((0..10).all(|_| given(1, 0)));
        assert!(!given(1, 0));
        assert!(!given(1, 99));
        assert!(given(1, 100) && !given(1, 100));
        assert!(given(2, 0), "another realm has its own");
        assert!((0..10).all(|_| given(1, 2000)));
        assert!(!given(1, 2000));
        // The clock was turned back by half a minute.
        assert!(!given(1, -30_000));
        assert!(given(1, -29_900));
    }
}
