use serde::Deserialize;
use thingsmith_core::{Fault, things};
use thingsmith_model::{Resource, ThingName};

use super::ThingPrincipalType;
use crate::{Context, Empty, Http, Operation};

/// Attaches a principal, which today is a certificate, to a thing. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` if the thing or the principal is not there, `InvalidRequestException` if the principal has
/// another thing and either attachment is exclusive.
pub struct AttachThingPrincipal;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: ThingName,
    principal: String,
    thing_principal_type: Option<ThingPrincipalType>,
}

impl Operation for AttachThingPrincipal {
    const NAME: &'static str = "AttachThingPrincipal";
    const HTTP: Http = Http::put("/things/{thingName}/principals");
    const ACTION: Option<&'static str> = Some("iot:AttachThingPrincipal");
    type Input = Input;
    type Output = Empty;

    // The Service Authorization Reference names no type of resource here; AWS's sample of just-in-time registration has a
    // policy for the account's ARNs alone.
    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Thing(input.thing_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let principal_type = input.thing_principal_type.map(Into::into);
        let (thing, principal) = (&input.thing_name, &input.principal);
        things::attach_thing_principal_as(cx.deeds, &realm, thing, principal, principal_type).await?;
        Ok(Empty {})
    }
}
