use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::thing_groups::{self, MembershipUpdate};
use thingsmith_model::{ThingGroupName, ThingName};

use super::membership_resources;
use crate::{Context, Empty, Http, Operation};

/// Takes a thing out of a group. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` if the thing or the group is not there, `InvalidRequestException` if they are named wrongly.
pub struct RemoveThingFromThingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_group_name: Option<ThingGroupName>,
    thing_group_arn: Option<String>,
    thing_name: Option<ThingName>,
    thing_arn: Option<String>,
}

impl Operation for RemoveThingFromThingGroup {
    const NAME: &'static str = "RemoveThingFromThingGroup";
    const HTTP: Http = Http::put("/thing-groups/removeThingFromThingGroup");
    const ACTION: Option<&'static str> = Some("iot:RemoveThingFromThingGroup");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        membership_resources(
            cx,
            (input.thing_name.as_ref(), input.thing_arn.as_deref()),
            (input.thing_group_name.as_ref(), input.thing_group_arn.as_deref()),
        )
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let update = MembershipUpdate {
            thing_name: input.thing_name,
            thing_arn: input.thing_arn,
            group_name: input.thing_group_name,
            group_arn: input.thing_group_arn,
        };
        let realm = cx.realm().await?;
        thing_groups::remove_thing_from_thing_group(cx.deeds, &realm, update).await?;
        Ok(Empty {})
    }
}
