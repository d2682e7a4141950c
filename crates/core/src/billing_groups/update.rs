//! Changing a billing group.

use thingsmith_model::BillingGroupName;
use thingsmith_ports::Batch;

use super::{check_version, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Gives a billing group another description, or none, and counts its version up by one. Gives back the new version.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such group, `VersionConflictException` when it has another version than
/// the expected one.
pub async fn update_billing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &BillingGroupName,
    description: Option<&str>,
    expected_version: Option<i64>,
) -> Result<i64, Fault> {
    let tries = Tries::default();
    let mut version = 0;
    loop {
        let outcome = async {
            let before = rows::find(deeds.store(), realm.realm, name)
                .await?
                .ok_or_else(|| not_found(name))?;
            check_version(&before, expected_version)?;
            version = before.version + 1;
            let mut batch = Batch::new();
            rows::update(&mut batch, realm.realm, &before, description);
            let change = Change::Unseen(before.number);
            deeds.commit_change(batch, realm.realm, change, &tries).await
        };
        let outcome: Result<(), Attempt> = outcome.await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            return Ok(version);
        }
    }
}
