//! `[fleet_provisioning]`: how much devices may ask for by their claims.

use serde::Deserialize;
use thingsmith_core::fleet_provisioning::{Limits, Rate};

/// How much devices may ask for; what is not given has its default. Each claim has a bucket of requests and each account one:
/// so many at once, and so many a second in the long run.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FleetProvisioningSection {
    /// RSA keys by one claim, as `{ burst = 200, per_second = 20 }`.
    pub keys_per_claim: Option<RateSection>,
    /// RSA keys by all claims of an account and region.
    pub keys_per_account: Option<RateSection>,
    /// Certificates, and registrations, by one claim.
    pub requests_per_claim: Option<RateSection>,
    /// Certificates, and registrations, by all claims of an account and region.
    pub requests_per_account: Option<RateSection>,
    /// Certificates of an account and region that no device has registered with yet.
    pub unclaimed_certificates: Option<u32>,
}

/// How much a bucket holds, and how fast it fills.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateSection {
    /// How many at once.
    pub burst: u32,
    /// How many in a second.
    pub per_second: u32,
}

impl FleetProvisioningSection {
    /// The limits.
    pub fn limits(&self) -> Limits {
        let default = Limits::default();
        let rate = |given: Option<RateSection>, default: Rate| {
            given.map_or(default, |given| Rate {
                burst: f64::from(given.burst),
                per_second: f64::from(given.per_second),
            })
        };
        Limits {
            keys_per_claim: rate(self.keys_per_claim, default.keys_per_claim),
            keys_per_account: rate(self.keys_per_account, default.keys_per_account),
            requests_per_claim: rate(self.requests_per_claim, default.requests_per_claim),
            requests_per_account: rate(self.requests_per_account, default.requests_per_account),
            unclaimed_certificates: self
                .unclaimed_certificates
                .unwrap_or(default.unclaimed_certificates),
            ..default
        }
    }
}
