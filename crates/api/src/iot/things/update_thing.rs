use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::things::{self, ThingUpdate};
use thingsmith_model::{Resource, ThingName, ThingTypeName};

use super::AttributePayload;
use crate::{Context, Empty, Http, Operation};

/// Changes a thing's type or attributes and counts its version up. An attribute with an empty value is removed.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such thing or thing type, `VersionConflictException` if the thing has another
/// version than the expected one.
pub struct UpdateThing;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: ThingName,
    thing_type_name: Option<ThingTypeName>,
    attribute_payload: Option<AttributePayload>,
    expected_version: Option<i64>,
    remove_thing_type: Option<bool>,
}

impl Operation for UpdateThing {
    const NAME: &'static str = "UpdateThing";
    const HTTP: Http = Http::patch("/things/{thingName}");
    const ACTION: Option<&'static str> = Some("iot:UpdateThing");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Thing(input.thing_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let payload = input.attribute_payload.unwrap_or_default();
        let update = ThingUpdate {
            thing_type: input.thing_type_name,
            attributes: payload.attributes,
            merge: payload.merge.unwrap_or_default(),
            expected_version: input.expected_version,
            remove_thing_type: input.remove_thing_type.unwrap_or_default(),
        };
        let realm = cx.realm().await?;
        things::update_thing(cx.deeds, &realm, &input.thing_name, update).await?;
        Ok(Empty {})
    }
}
