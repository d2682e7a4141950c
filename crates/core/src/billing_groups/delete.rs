//! Deleting a billing group.

use thingsmith_model::BillingGroupName;
use thingsmith_ports::Batch;

use super::{check_version, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Deletes a billing group; its things are in none then. A group that is not there counts as deleted.
///
/// # Errors
/// `VersionConflictException` when the group has another version than the expected one.
pub async fn delete_billing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &BillingGroupName,
    expected_version: Option<i64>,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            delete_once(deeds, realm, name, expected_version, &tries)
        })
        .await
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &BillingGroupName,
    expected_version: Option<i64>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let Some(before) = rows::find(deeds.store(), realm.realm, name).await? else {
        return Ok(());
    };
    check_version(&before, expected_version)?;
    let mut batch = Batch::new();
    // Things keep a number that no group has any more, rather than that a million of them change in one batch.
    rows::delete(&mut batch, realm.realm, &before);
    tags::rows::delete_all(&mut batch, realm.realm, before.number);
    let change = Change::Unseen(before.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}
