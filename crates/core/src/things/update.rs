//! Changing a thing.

use thingsmith_model::{ThingName, ThingTypeName};
use thingsmith_ports::Batch;

use super::{Attributes, Thing, events, find_type, not_found, rows, settled};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault, thing_types};

/// What an update changes.
#[derive(Debug, Clone, Default)]
pub struct ThingUpdate {
    /// The thing's new type.
    pub thing_type: Option<ThingTypeName>,
    /// New attributes. An empty value removes the attribute.
    pub attributes: Option<Attributes>,
    /// Whether the new attributes join those that are there; else they take their place.
    pub merge: bool,
    /// The version that the thing must have.
    pub expected_version: Option<i64>,
    /// Whether the thing loses its type.
    pub remove_thing_type: bool,
}

/// Changes a thing and counts its version up by one.
///
/// # Errors
/// `ResourceNotFoundException` for a thing or a type that is not there, `VersionConflictException` when the thing has
/// another version than the expected one, `InvalidRequestException` for too many attributes, for a deprecated type and for
/// giving and removing a type at once.
pub async fn update_thing(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingName,
    update: ThingUpdate,
) -> Result<(), Fault> {
    if update.thing_type.is_some() && update.remove_thing_type {
        return Err(Fault::invalid(
            "thingTypeName and removeThingType cannot be given together.",
        ));
    }
    let tries = Tries::default();
    loop {
        let mut changed = None;
        let outcome = update_once(deeds, realm, name, &update, &tries, &mut changed).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            if let Some((before, after)) = &changed {
                events::tell(deeds, realm, "UPDATED", after).await;
                if before.thing_type != after.thing_type {
                    events::tell_association(deeds, realm, "REMOVED", before).await;
                    events::tell_association(deeds, realm, "ADDED", after).await;
                }
            }
            return Ok(());
        }
    }
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingName,
    update: &ThingUpdate,
    tries: &Tries,
    changed: &mut Option<(Thing, Thing)>,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    check_version(&before, update.expected_version)?;
    let thing_type = match &update.thing_type {
        _ if update.remove_thing_type => None,
        // A thing stays of its type when that is deprecated.
        Some(name) if before.thing_type_name() != Some(name) => Some(find_type(deeds, realm, name).await?),
        _ => before.thing_type.clone(),
    };
    let attributes = match &update.attributes {
        None => before.attributes.clone(),
        Some(new) if update.merge => before.attributes.clone().into_iter().chain(new.clone()).collect(),
        Some(new) => new.clone(),
    };
    let after = Thing {
        attributes: settled(attributes, thing_type.is_some())?,
        thing_type,
        version: before.version + 1,
        ..before.clone()
    };
    let mut batch = Batch::new();
    rows::update(&mut batch, realm.realm, &before, &after)?;
    if let Some(link) = &after.thing_type
        && after.thing_type != before.thing_type
    {
        thing_types::rows::hold_current(&mut batch, realm.realm, link.number);
    }
    let change = Change::Thing(before.number);
    *changed = Some((before, after));
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// Checks the version that a caller expects a thing to have.
pub(super) fn check_version(thing: &Thing, expected: Option<i64>) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != thing.version => Err(Fault::new(
            Code::VersionConflict,
            format!(
                "Thing {} has version {}, expectedVersion is {expected}.",
                thing.name, thing.version
            ),
        )),
        _ => Ok(()),
    }
}
