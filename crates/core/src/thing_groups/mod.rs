//! Static thing groups: trees of groups, and the things in them.
//!
//! A policy attached to a group counts for the things in it and in the groups below it. Since that is read whenever a
//! device connects, each group's ancestors stand in a table of their own and nothing climbs a tree.

mod create;
mod delete;
mod describe;
pub(crate) mod events;
mod find;
mod list;
mod members;
pub mod rows;
mod update;

use thingsmith_model::{Resource, ThingGroupName, Timestamp};
use uuid::Uuid;

pub use create::{NewThingGroup, create_thing_group};
pub use delete::delete_thing_group;
pub use describe::{ThingGroupDescription, describe_thing_group};
pub use find::find_target;
pub use list::{
    ThingGroupFilter, list_thing_groups, list_thing_groups_for_thing, list_things_in_thing_group,
};
pub(crate) use members::check_memberships;
pub use members::{
    MembershipUpdate, add_thing_to_thing_group, remove_thing_from_thing_group, update_thing_groups_for_thing,
};
pub use update::{ThingGroupUpdate, update_thing_group};

use crate::Fault;
use crate::realms::RealmRecord;
use crate::things::Attributes;

/// A thing group as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingGroup {
    /// Names the group in memberships and attachments.
    pub number: i64,
    /// Its name.
    pub name: ThingGroupName,
    /// AWS's `thingGroupId`.
    pub group_id: Uuid,
    /// 1 when made, one more after each update.
    pub version: i64,
    /// The number of the group above it; 0 for none. It never changes.
    pub parent: i64,
    /// The number of the topmost group above it; its own for one without a parent.
    pub root: i64,
    /// How many groups stand from the topmost one down to this, both counted.
    pub depth: i64,
    /// What it is for.
    pub description: Option<String>,
    /// Its attributes.
    pub attributes: Attributes,
    /// When it was made.
    pub created_at: Timestamp,
}

impl ThingGroup {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        arn(realm, &self.name)
    }

    pub(crate) fn named(&self) -> NamedGroup {
        NamedGroup {
            number: self.number,
            name: self.name.clone(),
            group_id: self.group_id,
        }
    }
}

/// A group as lists name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedGroup {
    /// Names the group in memberships and attachments.
    pub number: i64,
    /// Its name.
    pub name: ThingGroupName,
    /// AWS's `thingGroupId`.
    pub group_id: Uuid,
}

/// Attributes that a group may have (AWS's quota "Maximum number of attributes associated with a thing group").
const ATTRIBUTES: usize = 50;
/// Groups from the topmost one down (AWS's quota "Maximum depth of a thing group hierarchy").
const DEPTH: i64 = 7;
/// Groups directly below one (AWS's quota "Maximum number of direct child groups").
const CHILDREN: i64 = 100;
/// Groups that a thing is in (AWS's quota "Maximum number of thing groups a thing can belong to").
pub(crate) const GROUPS_PER_THING: i64 = 10;

/// The ARN of the group of this name.
pub(crate) fn arn(realm: &RealmRecord, name: &ThingGroupName) -> String {
    realm.arn(Resource::ThingGroup(name.clone())).to_string()
}

/// Leaves out attributes with an empty value, as things do, and checks the quota.
fn settled(attributes: Attributes) -> Result<Attributes, Fault> {
    let attributes: Attributes = attributes
        .into_iter()
        .filter(|(_, value)| !value.as_str().is_empty())
        .collect();
    if attributes.len() > ATTRIBUTES {
        return Err(Fault::invalid(format!(
            "A thing group can have {ATTRIBUTES} attributes; attributePayload.attributes leaves {}.",
            attributes.len()
        )));
    }
    Ok(attributes)
}

pub(crate) fn not_found(name: &ThingGroupName) -> Fault {
    Fault::not_found(format!("Thing group {name} not found."))
}
