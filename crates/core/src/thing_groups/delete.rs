//! Deleting a thing group.

use thingsmith_model::ThingGroupName;
use thingsmith_ports::Batch;

use super::events::{self, Operation};
use super::{ThingGroup, rows, update::check_version};
use crate::outbox::Change;
use crate::policies;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault, tags};

/// Deletes a thing group with its memberships and its attachments of policies. A group that is not there counts as deleted.
///
/// # Errors
/// `VersionConflictException` when the group has another version than the expected one, `InvalidRequestException` while it
/// has child groups.
pub async fn delete_thing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingGroupName,
    expected_version: Option<i64>,
) -> Result<(), Fault> {
    let tries = Tries::default();
    let mut sent = None;
    loop {
        let outcome = delete_once(deeds, realm, name, expected_version, &mut sent, &tries).await;
        if let Some(()) = tries.settle_change(deeds.store(), outcome).await? {
            if let Some(deleted) = sent {
                events::group(deeds, realm, Operation::Deleted, &deleted).await;
            }
            return Ok(());
        }
    }
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingGroupName,
    expected_version: Option<i64>,
    sent: &mut Option<ThingGroup>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let Some(before) = rows::find(deeds.store(), realm.realm, name).await? else {
        // Gone, but by somebody else's doing.
        *sent = None;
        return Ok(());
    };
    check_version(&before, expected_version)?;
    if rows::children(deeds.store(), realm.realm, before.number).await? > 0 {
        return Err(Fault::invalid(format!(
            "Cannot delete thing group : {name} when there are still child groups attached to it."
        ))
        .into());
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, &before);
    policies::rows::detach_all(&mut batch, realm.realm, before.number);
    tags::rows::delete_all(&mut batch, realm.realm, before.number);
    let change = Change::ThingGroup(before.number);
    *sent = Some(before);
    deeds.commit_change(batch, realm.realm, change, tries).await
}
