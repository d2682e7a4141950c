//! Operations on static thing groups and on the things in them.

mod add_thing_to_thing_group;
mod create_thing_group;
mod delete_thing_group;
mod describe_thing_group;
mod list_thing_groups;
mod list_thing_groups_for_thing;
mod list_things_in_thing_group;
mod remove_thing_from_thing_group;
mod update_thing_group;
mod update_thing_groups_for_thing;

use serde::{Deserialize, Serialize};
use thingsmith_core::thing_groups::NamedGroup;
use thingsmith_core::things::Attributes;
use thingsmith_model::{Arn, Resource, ThingGroupName, ThingName};

pub use add_thing_to_thing_group::AddThingToThingGroup;
pub use create_thing_group::CreateThingGroup;
pub use delete_thing_group::DeleteThingGroup;
pub use describe_thing_group::DescribeThingGroup;
pub use list_thing_groups::ListThingGroups;
pub use list_thing_groups_for_thing::ListThingGroupsForThing;
pub use list_things_in_thing_group::ListThingsInThingGroup;
pub use remove_thing_from_thing_group::RemoveThingFromThingGroup;
pub use update_thing_group::UpdateThingGroup;
pub use update_thing_groups_for_thing::UpdateThingGroupsForThing;

use super::things::AttributePayload;
use crate::Context;

/// AWS's `ThingGroupProperties`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct ThingGroupProperties {
    thing_group_description: Option<String>,
    attribute_payload: Option<AttributePayload>,
}

impl ThingGroupProperties {
    /// The description, the attributes, and whether they join those that are there.
    fn parts(self) -> (Option<String>, Option<Attributes>, bool) {
        let payload = self.attribute_payload.unwrap_or_default();
        let merge = payload.merge.unwrap_or_default();
        (self.thing_group_description, payload.attributes, merge)
    }
}

/// AWS's `GroupNameAndArn`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    group_name: ThingGroupName,
    group_arn: String,
}

impl Item {
    fn new(cx: &Context<'_>, group: NamedGroup) -> Self {
        Self {
            group_arn: cx.arn(Resource::ThingGroup(group.name.clone())),
            group_name: group.name,
        }
    }
}

/// The thing and the group that a caller needs permission for, each by all that it is named with; `*` for what is not
/// named at all.
fn membership_resources(
    cx: &Context<'_>,
    thing: (Option<&ThingName>, Option<&str>),
    group: (Option<&ThingGroupName>, Option<&str>),
) -> Vec<String> {
    let thing_name = thing.0.map(|name| cx.arn(Resource::Thing(name.clone())));
    let group_name = group.0.map(|name| cx.arn(Resource::ThingGroup(name.clone())));
    let mut resources = named(thing_name, thing.1);
    resources.extend(named(group_name, group.1));
    resources.dedup();
    resources
}

fn named(by_name: Option<String>, arn: Option<&str>) -> Vec<String> {
    // An ARN in its one form, as policies name it.
    let by_arn = arn.map(|text| {
        text.parse()
            .map_or_else(|_| text.to_owned(), |arn: Arn| arn.to_string())
    });
    let mut both: Vec<String> = by_name.into_iter().chain(by_arn).collect();
    if both.is_empty() {
        both.push("*".into());
    }
    both
}
