//! What was registered by which claim.

use thingsmith_model::{CertificateId, Timestamp};
use thingsmith_ports::StoreError;

use super::{ClaimLimit, rows};
use crate::Deeds;
use crate::realms::RealmRecord;

/// What was registered by a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimUse {
    /// The claim certificate, whether it is still registered or not.
    pub claim: CertificateId,
    /// How often a device was registered by it.
    pub registrations: i64,
    /// When the first was.
    pub first_at: Timestamp,
    /// When the last was.
    pub last_at: Timestamp,
    /// What the operator says of it.
    pub limit: Option<ClaimLimit>,
}

impl ClaimUse {
    /// Whether it was used more often than there are devices that carry it.
    pub fn is_over(&self) -> bool {
        self.limit
            .as_ref()
            .is_some_and(|limit| self.registrations > limit.devices)
    }
}

/// Most claims of a page.
const PAGE: i64 = 1000;

/// The claims of a realm that something was registered by, in order of their ids, after `after`: a page of them, which is
/// empty behind the last.
///
/// # Errors
/// When the store fails.
pub async fn audit(
    deeds: &Deeds,
    realm: &RealmRecord,
    after: Option<CertificateId>,
) -> Result<Vec<ClaimUse>, StoreError> {
    rows::page(deeds.store(), realm.realm, after, PAGE).await
}
