use serde::Deserialize;
use thingsmith_core::{Fault, things};
use thingsmith_model::{Resource, ThingName};

use crate::{Context, Empty, Http, Operation};

/// Deletes a thing. One that is not there counts as deleted.
///
/// # Errors
/// `VersionConflictException` if the thing has another version than the expected one, `InvalidRequestException` while a
/// principal is attached to it.
pub struct DeleteThing;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: ThingName,
    expected_version: Option<i64>,
}

impl Operation for DeleteThing {
    const NAME: &'static str = "DeleteThing";
    const HTTP: Http = Http::delete("/things/{thingName}");
    const ACTION: Option<&'static str> = Some("iot:DeleteThing");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Thing(input.thing_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        things::delete_thing(cx.deeds, &realm, &input.thing_name, input.expected_version).await?;
        Ok(Empty {})
    }
}
