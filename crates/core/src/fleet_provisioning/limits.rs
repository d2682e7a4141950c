//! How fast certificates, keys and registrations may be asked for, by each claim and each account.
//!
//! A claim is a secret that many devices share and that leaks sooner or later. What its holder can spend is bounded before
//! anything is spent: a token bucket of the claim, then one of the account.

use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lru::LruCache;
use thingsmith_model::{CertificateId, Realm, Timestamp};

use super::Claimant;
use super::rejection::Rejection;
use crate::Deeds;
use crate::rates::Bucket;
pub use crate::rates::Rate;

/// How much may be asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// RSA keys that one claim may ask for.
    pub keys_per_claim: Rate,
    /// RSA keys that all claims of an account and region may.
    pub keys_per_account: Rate,
    /// Certificates, with keys or without, and registrations that one claim may ask for, each.
    pub requests_per_claim: Rate,
    /// The same of all claims of an account and region.
    pub requests_per_account: Rate,
    /// Certificates of an account and region with which nobody has registered yet.
    pub unclaimed_certificates: u32,
    /// How long a pre-provisioning hook may take (guide, "Pre-provisioning hooks": 5 seconds).
    pub hook_patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let rate = |burst, per_second| Rate { burst, per_second };
        Self {
            keys_per_claim: rate(200.0, 20.0),
            keys_per_account: rate(400.0, 50.0),
            requests_per_claim: rate(4_000.0, 2_000.0),
            requests_per_account: rate(8_000.0, 4_000.0),
            unclaimed_certificates: 100_000,
            hook_patience: Duration::from_secs(5),
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Ware {
    Key,
    Certificate,
    Registration,
}

/// The buckets of the claims and accounts that asked last. One that is forgotten is full again; a claim is a registered
/// certificate, so that nobody gets new ones at will.
pub(super) struct Throttle(Mutex<LruCache<Of, Bucket>>);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Of {
    Claim(Realm, CertificateId, Ware),
    Account(Realm, Ware),
}

/// Buckets kept.
const KEPT: NonZeroUsize = NonZeroUsize::new(20_000).expect("it is not zero");

impl Default for Throttle {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(KEPT)))
    }
}

impl Throttle {
    fn take(&self, of: Of, rate: Rate, now: Timestamp) -> bool {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets
            .get_or_insert_mut(of, || Bucket::full(rate, now))
            .take(rate, now)
    }
}

/// Takes what a claimant asks for out of its claim's bucket and its account's. The claim's comes first, so that one claim
/// cannot empty the account's faster than its own fills.
pub(super) fn take(deeds: &Deeds, claimant: &Claimant, ware: Ware) -> Result<(), Rejection> {
    let fleet = deeds.fleet_provisioning();
    let limits = fleet.limits();
    let (per_claim, per_account) = match ware {
        Ware::Key => (limits.keys_per_claim, limits.keys_per_account),
        Ware::Certificate | Ware::Registration => (limits.requests_per_claim, limits.requests_per_account),
    };
    let (realm, now) = (claimant.realm.realm, deeds.clock().now());
    let claim = Of::Claim(realm, claimant.certificate_id, ware);
    if !fleet.throttle.take(claim, per_claim, now) {
        return Err(Rejection::throttled(
            "Too many requests with this claim. Try again later.",
        ));
    }
    if !fleet.throttle.take(Of::Account(realm, ware), per_account, now) {
        return Err(Rejection::throttled(
            "Too many requests in this account. Try again later.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_gives_its_burst_and_then_fills_with_time() {
        let throttle = Throttle::default();
        let rate = Rate {
            burst: 2.0,
            per_second: 1.0,
        };
        let take = |realm, at| {
            throttle.take(
                Of::Account(Realm(realm), Ware::Key),
                rate,
                Timestamp::from_millis(at),
            )
        };
        assert_eq!([0, 0, 0].map(|at| take(1, at)), [true, true, false]);
        assert!(take(2, 0), "another account");
        assert_eq!([500, 1_000, 1_000].map(|at| take(1, at)), [false, true, false]);
        assert!(!take(1, 0), "a clock that goes back gives nothing");
        assert_eq!(
            [60_000, 60_000, 60_000].map(|at| take(1, at)),
            [true, true, false]
        );
    }
}
