//! Deprecating a thing type, and taking that back.

use thingsmith_model::ThingTypeName;
use thingsmith_ports::Batch;

use super::{ThingType, events, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Deprecates a thing type, after which no further thing can be of it, or takes that back. A type that is so already
/// stays as it is, with its date.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such type.
pub async fn deprecate_thing_type(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingTypeName,
    undo: bool,
) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        let mut after = None;
        let outcome = deprecate_once(deeds, realm, name, undo, &tries, &mut after).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            if let Some(after) = &after {
                events::tell(deeds, realm, "UPDATED", after).await;
            }
            return Ok(());
        }
    }
}

async fn deprecate_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingTypeName,
    undo: bool,
    tries: &Tries,
    after: &mut Option<ThingType>,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    if before.deprecated_at.is_none() == undo {
        return Ok(());
    }
    let changed = ThingType {
        deprecated_at: (!undo).then(|| deeds.clock().now()),
        revision: before.revision + 1,
        ..before
    };
    let mut batch = Batch::new();
    rows::update(&mut batch, realm.realm, &changed)?;
    let change = Change::ThingType(changed.number);
    *after = Some(changed);
    deeds.commit_change(batch, realm.realm, change, tries).await
}
