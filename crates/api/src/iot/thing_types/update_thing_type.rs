use serde::Deserialize;
use thingsmith_core::{Fault, thing_types};
use thingsmith_model::{Resource, ThingTypeName};

use super::Properties;
use crate::{Context, Empty, Http, Operation};

/// Changes the propagating attributes of a thing type. What else is given must be as it is.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such type.
pub struct UpdateThingType;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_type_name: ThingTypeName,
    thing_type_properties: Option<Properties>,
}

impl Operation for UpdateThingType {
    const NAME: &'static str = "UpdateThingType";
    const HTTP: Http = Http::patch("/thing-types/{thingTypeName}");
    const ACTION: Option<&'static str> = Some("iot:UpdateThingType");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingType(input.thing_type_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let mut given = input.thing_type_properties.unwrap_or_default();
        let asked = thing_types::Update {
            propagating_attributes: given.propagating_attributes(),
            description: given.thing_type_description,
            searchable_attributes: given.searchable_attributes,
        };
        let realm = cx.realm().await?;
        thing_types::update_thing_type(cx.deeds, &realm, &input.thing_type_name, &asked).await?;
        Ok(Empty {})
    }
}
