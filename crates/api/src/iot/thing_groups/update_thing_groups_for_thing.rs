use serde::Deserialize;
use thingsmith_core::{Fault, thing_groups};
use thingsmith_model::{Resource, ThingGroupName, ThingName};

use crate::{Context, Empty, Http, Operation};

/// Takes a thing out of groups and puts it into others, all at once.
///
/// # Errors
/// `ResourceNotFoundException` if the thing or a group is not there, `InvalidRequestException` if the thing would be in too
/// many groups or in two of one hierarchy, and for a group in both lists.
pub struct UpdateThingGroupsForThing;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: Option<ThingName>,
    #[serde(default)]
    thing_groups_to_add: Vec<ThingGroupName>,
    #[serde(default)]
    thing_groups_to_remove: Vec<ThingGroupName>,
    #[expect(
        dead_code,
        reason = "there are no dynamic groups yet that a thing could be taken out of"
    )]
    override_dynamic_groups: Option<bool>,
}

impl Operation for UpdateThingGroupsForThing {
    const NAME: &'static str = "UpdateThingGroupsForThing";
    const HTTP: Http = Http::put("/thing-groups/updateThingGroupsForThing");
    const ACTION: Option<&'static str> = Some("iot:UpdateThingGroupsForThing");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        let thing = input.thing_name.clone().map(Resource::Thing);
        let groups = input
            .thing_groups_to_add
            .iter()
            .chain(&input.thing_groups_to_remove);
        let groups = groups.cloned().map(Resource::ThingGroup);
        let resources: Vec<String> = thing.into_iter().chain(groups).map(|it| cx.arn(it)).collect();
        if resources.is_empty() {
            return vec!["*".into()];
        }
        resources
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let thing = input
            .thing_name
            .ok_or_else(|| Fault::invalid("thingName must be given."))?;
        let (add, remove) = (&input.thing_groups_to_add, &input.thing_groups_to_remove);
        let realm = cx.realm().await?;
        thing_groups::update_thing_groups_for_thing(cx.deeds, &realm, &thing, add, remove).await?;
        Ok(Empty {})
    }
}
