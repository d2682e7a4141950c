use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::thing_groups::{self, NewThingGroup};
use thingsmith_model::{Resource, ThingGroupName};

use super::ThingGroupProperties;
use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Creates a thing group, below another one or on its own. Asking twice with the same settings returns the same group.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the name is taken with other settings, `InvalidRequestException` for a parent that is
/// not there, stands too deep or has too many child groups, and for too many attributes.
pub struct CreateThingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_group_name: ThingGroupName,
    parent_group_name: Option<ThingGroupName>,
    #[serde(default)]
    thing_group_properties: ThingGroupProperties,
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_group_name: ThingGroupName,
    thing_group_arn: String,
    thing_group_id: String,
}

impl Operation for CreateThingGroup {
    const NAME: &'static str = "CreateThingGroup";
    const HTTP: Http = Http::post("/thing-groups/{thingGroupName}");
    const ACTION: Option<&'static str> = Some("iot:CreateThingGroup");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingGroup(input.thing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // `merge` says nothing about a group that has no attributes yet.
        let (description, attributes, _) = input.thing_group_properties.parts();
        let new = NewThingGroup {
            name: input.thing_group_name,
            parent: input.parent_group_name,
            description,
            attributes: attributes.unwrap_or_default(),
            tags: tags::checked(input.tags)?,
        };
        let realm = cx.realm().await?;
        let group = thing_groups::create_thing_group(cx.deeds, &realm, new).await?;
        Ok(Output {
            thing_group_arn: group.arn(&realm),
            thing_group_name: group.name,
            thing_group_id: group.group_id.to_string(),
        })
    }
}
