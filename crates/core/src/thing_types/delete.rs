//! Deleting a thing type.

use std::time::Duration;

use thingsmith_model::ThingTypeName;
use thingsmith_ports::Batch;

use super::{ThingType, events, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// How long a type must have been deprecated (API, `DeleteThingType`).
const WAIT: Duration = Duration::from_secs(5 * 60);

/// Deletes a thing type of which no thing is, and that was deprecated long enough ago.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such type, `InvalidRequestException` while it is not deprecated, was
/// deprecated less than five minutes ago, or has things.
pub async fn delete_thing_type(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingTypeName,
) -> Result<(), Fault> {
    let tries = Tries::default();
    let mut gone = None;
    loop {
        let outcome = delete_once(deeds, realm, name, &tries, &mut gone).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            if let Some(gone) = &gone {
                events::tell(deeds, realm, "DELETED", gone).await;
            }
            return Ok(());
        }
    }
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingTypeName,
    tries: &Tries,
    gone: &mut Option<ThingType>,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    let Some(deprecated_at) = before.deprecated_at else {
        return Err(Fault::invalid(format!(
            "Cannot delete thing type {name}: it is not deprecated. Deprecate it first."
        ))
        .into());
    };
    if deeds.clock().now() < deprecated_at.plus(WAIT) {
        // Terraform's provider waits and tries again when it reads the second sentence.
        return Err(Fault::invalid(format!(
            "Cannot delete thing type {name}. Please wait for 5 minutes after deprecation and then retry"
        ))
        .into());
    }
    if rows::has_things(deeds.store(), realm.realm, before.number).await? {
        return Err(Fault::invalid(format!(
            "Cannot delete thing type {name}: there are still things associated with it."
        ))
        .into());
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, &before);
    tags::rows::delete_all(&mut batch, realm.realm, before.number);
    // No connection is of a type without things; the announcement is for its mark alone.
    let change = Change::ThingType(before.number);
    *gone = Some(before);
    deeds.commit_change(batch, realm.realm, change, tries).await
}
