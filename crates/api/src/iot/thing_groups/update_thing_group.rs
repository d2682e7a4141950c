use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::thing_groups::{self, ThingGroupUpdate};
use thingsmith_model::{Resource, ThingGroupName};

use super::ThingGroupProperties;
use crate::{Context, Http, Operation};

/// Changes a thing group's description or attributes and counts its version up. An attribute with an empty value is removed.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such group, `VersionConflictException` if it has another version than the
/// expected one, `InvalidRequestException` for too many attributes.
pub struct UpdateThingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_group_name: ThingGroupName,
    thing_group_properties: ThingGroupProperties,
    expected_version: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    version: i64,
}

impl Operation for UpdateThingGroup {
    const NAME: &'static str = "UpdateThingGroup";
    const HTTP: Http = Http::patch("/thing-groups/{thingGroupName}");
    const ACTION: Option<&'static str> = Some("iot:UpdateThingGroup");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingGroup(input.thing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let (description, attributes, merge) = input.thing_group_properties.parts();
        let update = ThingGroupUpdate {
            description,
            attributes,
            merge,
            expected_version: input.expected_version,
        };
        let realm = cx.realm().await?;
        let version =
            thing_groups::update_thing_group(cx.deeds, &realm, &input.thing_group_name, update).await?;
        Ok(Output { version })
    }
}
