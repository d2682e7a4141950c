//! Changing a thing group.

use thingsmith_model::ThingGroupName;
use thingsmith_ports::Batch;

use super::events::{self, Operation};
use super::{ThingGroup, not_found, rows, settled};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::things::Attributes;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// What an update changes.
#[derive(Debug, Clone, Default)]
pub struct ThingGroupUpdate {
    /// A new description.
    pub description: Option<String>,
    /// New attributes. An empty value removes the attribute.
    pub attributes: Option<Attributes>,
    /// Whether the new attributes join those that are there; else they take their place.
    pub merge: bool,
    /// The version that the group must have.
    pub expected_version: Option<i64>,
}

/// Changes a thing group, counts its version up by one and returns it.
///
/// # Errors
/// `ResourceNotFoundException` for a group that is not there, `VersionConflictException` when it has another version than
/// the expected one, `InvalidRequestException` for too many attributes.
pub async fn update_thing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingGroupName,
    update: ThingGroupUpdate,
) -> Result<i64, Fault> {
    let tries = Tries::default();
    let mut sent = None;
    loop {
        let outcome = update_once(deeds, realm, name, &update, &mut sent, &tries).await;
        if let Some(()) = tries.settle_change(deeds.store(), outcome).await? {
            // After Unknown each try is settled before the next, so that the last one sent is the one that happened.
            let after: ThingGroup = sent.expect("a try ends well only after it has sent something");
            events::group(deeds, realm, Operation::Updated, &after).await;
            return Ok(after.version);
        }
    }
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingGroupName,
    update: &ThingGroupUpdate,
    sent: &mut Option<ThingGroup>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    check_version(&before, update.expected_version)?;
    let attributes = match &update.attributes {
        None => before.attributes.clone(),
        Some(new) if update.merge => {
            settled(before.attributes.clone().into_iter().chain(new.clone()).collect())?
        }
        Some(new) => settled(new.clone())?,
    };
    let after = ThingGroup {
        version: before.version + 1,
        description: update.description.clone().or_else(|| before.description.clone()),
        attributes,
        ..before
    };
    let mut batch = Batch::new();
    rows::update(&mut batch, realm.realm, &after)?;
    // Policies ask nothing about a group, so that no gateway knows of what an update changes.
    let change = Change::Unseen(after.number);
    *sent = Some(after);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// Checks the version that a caller expects a group to have.
pub(super) fn check_version(group: &ThingGroup, expected: Option<i64>) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != group.version => Err(Fault::new(
            Code::VersionConflict,
            format!(
                "Thing group {} has version {}, expectedVersion is {expected}.",
                group.name, group.version
            ),
        )),
        _ => Ok(()),
    }
}
