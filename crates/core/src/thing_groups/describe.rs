//! Reading a thing group.

use thingsmith_model::ThingGroupName;

use super::{NamedGroup, ThingGroup, not_found, rows};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// A thing group and where it stands.
#[derive(Debug, Clone)]
pub struct ThingGroupDescription {
    /// The group.
    pub group: ThingGroup,
    /// The groups above it, the topmost first.
    pub ancestors: Vec<NamedGroup>,
}

/// Reads a thing group.
///
/// # Errors
/// `ResourceNotFoundException` when there is none of this name.
pub async fn describe_thing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingGroupName,
) -> Result<ThingGroupDescription, Fault> {
    let group = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    // What stands above a group never changes and cannot be deleted before it.
    let ancestors = rows::line(deeds.store(), realm.realm, group.parent).await?;
    Ok(ThingGroupDescription { group, ancestors })
}
