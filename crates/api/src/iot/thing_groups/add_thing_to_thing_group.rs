use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::thing_groups::{self, MembershipUpdate};
use thingsmith_model::{ThingGroupName, ThingName};

use super::membership_resources;
use crate::{Context, Empty, Http, Operation};

/// Puts a thing into a group. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` if the thing or the group is not there, `InvalidRequestException` if they are named wrongly, or
/// if the thing is in too many groups or in another group of the same hierarchy.
pub struct AddThingToThingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_group_name: Option<ThingGroupName>,
    thing_group_arn: Option<String>,
    thing_name: Option<ThingName>,
    thing_arn: Option<String>,
    #[expect(
        dead_code,
        reason = "there are no dynamic groups yet that a thing could be taken out of"
    )]
    override_dynamic_groups: Option<bool>,
}

impl Operation for AddThingToThingGroup {
    const NAME: &'static str = "AddThingToThingGroup";
    const HTTP: Http = Http::put("/thing-groups/addThingToThingGroup");
    const ACTION: Option<&'static str> = Some("iot:AddThingToThingGroup");
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
        thing_groups::add_thing_to_thing_group(cx.deeds, &realm, update).await?;
        Ok(Empty {})
    }
}
