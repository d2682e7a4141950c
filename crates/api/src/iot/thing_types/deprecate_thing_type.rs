use serde::Deserialize;
use thingsmith_core::{Fault, thing_types};
use thingsmith_model::{Resource, ThingTypeName};

use crate::{Context, Empty, Http, Operation};

/// Deprecates a thing type, after which no further thing can be of it, or takes that back.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such type.
pub struct DeprecateThingType;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_type_name: ThingTypeName,
    undo_deprecate: Option<bool>,
}

impl Operation for DeprecateThingType {
    const NAME: &'static str = "DeprecateThingType";
    const HTTP: Http = Http::post("/thing-types/{thingTypeName}/deprecate");
    const ACTION: Option<&'static str> = Some("iot:DeprecateThingType");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingType(input.thing_type_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let undo = input.undo_deprecate.unwrap_or_default();
        thing_types::deprecate_thing_type(cx.deeds, &realm, &input.thing_type_name, undo).await?;
        Ok(Empty {})
    }
}
