//! What guards fleet provisioning by claim, beside policies and hooks: a claim certificate is copied easily, since every
//! device of a batch carries it.
//!
//! Three things, all the operator's and none of AWS's API: an allow list of serial numbers for each provisioning template
//! ([`allow`]), the number of devices that carry a claim ([`limit`]), and counts of what was registered by each claim, which
//! show one that is used more often ([`audit`]). A registration asks [`check`] first and counts in its own batch.

mod allow_list;
mod audit;
mod check;
mod limit;
pub mod rows;

use thingsmith_model::{CertificateId, Timestamp};

pub use allow_list::{AT_ONCE, Allowed, allow, check_serial_number, disallow, remove_allow_list};
pub use audit::{ClaimUse, audit};
pub use check::{Passed, check};
pub use limit::{limit, unlimit};

/// A serial number of an allow list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedSerialNumber {
    /// The serial number, as a device says it.
    pub serial_number: String,
    /// The batch of devices that it is of.
    pub batch: Option<String>,
    /// From when on it is not allowed any more.
    pub expires_at: Option<Timestamp>,
}

/// What the operator says of a claim certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimLimit {
    /// The claim certificate.
    pub claim: CertificateId,
    /// How many devices carry it, and so how many registrations are to be expected of it.
    pub devices: i64,
    /// The batch of devices that carry it: where a template has an allow list, only serial numbers of this batch pass.
    pub batch: Option<String>,
    /// Whether one registration more is refused, and not only reported.
    pub refuse: bool,
}
