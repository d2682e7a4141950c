use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::thing_groups;
use thingsmith_core::things::Attributes;
use thingsmith_model::{Resource, ThingGroupName};

use super::Item;
use crate::{Context, Http, Operation};

/// Reads a thing group and which groups stand above it.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this name.
pub struct DescribeThingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_group_name: ThingGroupName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_group_name: ThingGroupName,
    thing_group_id: String,
    thing_group_arn: String,
    version: i64,
    thing_group_properties: Properties,
    thing_group_metadata: Metadata,
}

/// AWS's `ThingGroupProperties`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    #[serde(skip_serializing_if = "Option::is_none")]
    thing_group_description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attribute_payload: Option<Payload>,
}

/// AWS's `AttributePayload`.
#[derive(Serialize)]
struct Payload {
    attributes: Attributes,
}

/// AWS's `ThingGroupMetadata`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_group_name: Option<ThingGroupName>,
    root_to_parent_thing_groups: Vec<Item>,
    creation_date: f64,
}

impl Operation for DescribeThingGroup {
    const NAME: &'static str = "DescribeThingGroup";
    const HTTP: Http = Http::get("/thing-groups/{thingGroupName}");
    const ACTION: Option<&'static str> = Some("iot:DescribeThingGroup");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingGroup(input.thing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let found = thing_groups::describe_thing_group(cx.deeds, &realm, &input.thing_group_name).await?;
        let (group, ancestors) = (found.group, found.ancestors);
        Ok(Output {
            thing_group_id: group.group_id.to_string(),
            thing_group_arn: group.arn(&realm),
            thing_group_name: group.name,
            version: group.version,
            thing_group_properties: Properties {
                thing_group_description: group.description,
                attribute_payload: (!group.attributes.is_empty()).then_some(Payload {
                    attributes: group.attributes,
                }),
            },
            thing_group_metadata: Metadata {
                parent_group_name: ancestors.last().map(|parent| parent.name.clone()),
                root_to_parent_thing_groups: ancestors
                    .into_iter()
                    .map(|group| Item::new(cx, group))
                    .collect(),
                creation_date: group.created_at.as_seconds_f64(),
            },
        })
    }
}
