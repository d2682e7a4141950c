use serde::Deserialize;
use thingsmith_core::{Fault, things};
use thingsmith_model::ThingName;

use crate::{Context, Empty, Http, Operation};

/// Attaches a principal, which today is a certificate, to a thing. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` if the thing or the principal is not there.
pub struct AttachThingPrincipal;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: ThingName,
    principal: String,
    thing_principal_type: Option<PrincipalType>,
}

/// AWS's `ThingPrincipalType`.
#[derive(Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum PrincipalType {
    ExclusiveThing,
    NonExclusiveThing,
}

impl Operation for AttachThingPrincipal {
    const NAME: &'static str = "AttachThingPrincipal";
    const HTTP: Http = Http::put("/things/{thingName}/principals");
    const ACTION: Option<&'static str> = Some("iot:AttachThingPrincipal");
    type Input = Input;
    type Output = Empty;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        match input.thing_principal_type {
            Some(PrincipalType::ExclusiveThing) => Some("thingPrincipalType (EXCLUSIVE_THING)"),
            Some(PrincipalType::NonExclusiveThing) | None => None,
        }
    }

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        things::attach_thing_principal(cx.deeds, &realm, &input.thing_name, &input.principal).await?;
        Ok(Empty {})
    }
}
