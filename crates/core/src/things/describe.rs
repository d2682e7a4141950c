//! Reading a thing.

use thingsmith_model::ThingName;

use super::{Thing, not_found, rows};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Reads a thing.
///
/// # Errors
/// `ResourceNotFoundException` when there is none of this name.
pub async fn describe_thing(deeds: &Deeds, realm: &RealmRecord, name: &ThingName) -> Result<Thing, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))
}
