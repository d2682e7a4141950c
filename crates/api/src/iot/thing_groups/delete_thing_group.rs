use serde::Deserialize;
use thingsmith_core::{Fault, thing_groups};
use thingsmith_model::{Resource, ThingGroupName};

use crate::{Context, Empty, Http, Operation};

/// Deletes a thing group: its things and its policies lose it. One that is not there counts as deleted.
///
/// # Errors
/// `VersionConflictException` if the group has another version than the expected one, `InvalidRequestException` while it has
/// child groups.
pub struct DeleteThingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_group_name: ThingGroupName,
    expected_version: Option<i64>,
}

impl Operation for DeleteThingGroup {
    const NAME: &'static str = "DeleteThingGroup";
    const HTTP: Http = Http::delete("/thing-groups/{thingGroupName}");
    const ACTION: Option<&'static str> = Some("iot:DeleteThingGroup");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingGroup(input.thing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let name = &input.thing_group_name;
        thing_groups::delete_thing_group(cx.deeds, &realm, name, input.expected_version).await?;
        Ok(Empty {})
    }
}
