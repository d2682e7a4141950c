use serde::Deserialize;
use thingsmith_core::{Fault, things};
use thingsmith_model::ThingName;

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

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let principal_type = input.thing_principal_type.map(Into::into);
        let (thing, principal) = (&input.thing_name, &input.principal);
        things::attach_thing_principal_as(cx.deeds, &realm, thing, principal, principal_type).await?;
        Ok(Empty {})
    }
}
