use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::thing_types::{self, NewThingType};
use thingsmith_model::{Resource, ThingTypeName};

use super::Properties;
use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Creates a thing type. Asking twice with the same settings returns the same type.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the name is taken with other settings.
pub struct CreateThingType;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_type_name: ThingTypeName,
    thing_type_properties: Option<Properties>,
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_type_name: ThingTypeName,
    thing_type_arn: String,
    thing_type_id: String,
}

impl Operation for CreateThingType {
    const NAME: &'static str = "CreateThingType";
    const HTTP: Http = Http::post("/thing-types/{thingTypeName}");
    const ACTION: Option<&'static str> = Some("iot:CreateThingType");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingType(input.thing_type_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let mut given = input.thing_type_properties.unwrap_or_default();
        let new = NewThingType {
            name: input.thing_type_name,
            properties: thing_types::Properties {
                propagating_attributes: given.propagating_attributes(),
                description: given.thing_type_description,
                searchable_attributes: given.searchable_attributes.unwrap_or_default(),
            },
            tags: tags::checked(input.tags)?,
        };
        let realm = cx.realm().await?;
        let made = thing_types::create_thing_type(cx.deeds, &realm, new).await?;
        Ok(Output {
            thing_type_arn: made.arn(&realm),
            thing_type_id: made.thing_type_id.to_string(),
            thing_type_name: made.name,
        })
    }
}
