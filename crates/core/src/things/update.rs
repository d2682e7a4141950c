//! Changing a thing.

use thingsmith_model::{ThingName, ThingTypeName};
use thingsmith_ports::Batch;

use super::{Attributes, Thing, not_found, rows, settled};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

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
/// another version than the expected one, `InvalidRequestException` for too many attributes or for giving and removing a
/// type at once.
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
    let mut tries = Tries::default();
    loop {
        let outcome = update_once(deeds, realm, name, &update, &mut tries).await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            return Ok(done);
        }
    }
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingName,
    update: &ThingUpdate,
    tries: &mut Tries,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    if let Some(thing_type) = &update.thing_type {
        return Err(Fault::not_found(format!("Thing type {thing_type} not found.")).into());
    }
    check_version(&before, update.expected_version)?;
    let attributes = match &update.attributes {
        None => before.attributes.clone(),
        Some(new) if update.merge => {
            settled(before.attributes.clone().into_iter().chain(new.clone()).collect())?
        }
        Some(new) => settled(new.clone())?,
    };
    let mut batch = Batch::new();
    rows::update(&mut batch, realm.realm, &before, &attributes)?;
    deeds
        .commit_change(batch, realm.realm, Change::Thing(before.number), tries)
        .await
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
