use serde::Deserialize;
use thingsmith_core::{Fault, thing_types};
use thingsmith_model::{Resource, ThingTypeName};

use crate::{Context, Empty, Http, Operation};

/// Deletes a thing type without things that was deprecated at least five minutes ago.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such type, `InvalidRequestException` while it cannot be deleted.
pub struct DeleteThingType;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_type_name: ThingTypeName,
}

impl Operation for DeleteThingType {
    const NAME: &'static str = "DeleteThingType";
    const HTTP: Http = Http::delete("/thing-types/{thingTypeName}");
    const ACTION: Option<&'static str> = Some("iot:DeleteThingType");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingType(input.thing_type_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        thing_types::delete_thing_type(cx.deeds, &realm, &input.thing_type_name).await?;
        Ok(Empty {})
    }
}
