//! Deleting a thing.

use thingsmith_model::ThingName;
use thingsmith_ports::Batch;

use super::{Thing, events, rows, update::check_version};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::thing_groups;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Deletes a thing. A thing that is not there counts as deleted.
///
/// # Errors
/// `VersionConflictException` when the thing has another version than the expected one, `InvalidRequestException` while
/// a principal is attached to it.
pub async fn delete_thing(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingName,
    expected_version: Option<i64>,
) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        let mut gone = None;
        let outcome = delete_once(deeds, realm, name, expected_version, &tries, &mut gone).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            if let Some(gone) = &gone {
                events::tell_association(deeds, realm, "REMOVED", gone).await;
                events::tell(deeds, realm, "DELETED", gone).await;
            }
            return Ok(());
        }
    }
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingName,
    expected_version: Option<i64>,
    tries: &Tries,
    gone: &mut Option<Thing>,
) -> Result<(), Attempt> {
    let Some(before) = rows::find(deeds.store(), realm.realm, name).await? else {
        return Ok(());
    };
    check_version(&before, expected_version)?;
    if rows::has_principals(deeds.store(), realm.realm, before.number).await? {
        return Err(Fault::invalid(format!(
            "Cannot delete. Thing {name} is still attached to one or more principals."
        ))
        .into());
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, &before);
    thing_groups::rows::leave_all(&mut batch, realm.realm, before.number);
    let change = Change::Thing(before.number);
    *gone = Some(before);
    deeds.commit_change(batch, realm.realm, change, tries).await
}
