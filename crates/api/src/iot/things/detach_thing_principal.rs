use serde::Deserialize;
use thingsmith_core::{Fault, things};
use thingsmith_model::{Resource, ThingName};

use crate::{Context, Empty, Http, Operation};

/// Detaches a principal from a thing. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` if the thing or the principal is not there.
pub struct DetachThingPrincipal;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: ThingName,
    principal: String,
}

impl Operation for DetachThingPrincipal {
    const NAME: &'static str = "DetachThingPrincipal";
    const HTTP: Http = Http::delete("/things/{thingName}/principals");
    const ACTION: Option<&'static str> = Some("iot:DetachThingPrincipal");
    type Input = Input;
    type Output = Empty;

    // The Service Authorization Reference names no type of resource here; AWS's sample of just-in-time registration has a
    // policy for the account's ARNs alone.
    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Thing(input.thing_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        things::detach_thing_principal(cx.deeds, &realm, &input.thing_name, &input.principal).await?;
        Ok(Empty {})
    }
}
