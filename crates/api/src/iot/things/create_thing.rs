use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::things::{self, NewThing};
use thingsmith_model::{BillingGroupName, Resource, ThingName, ThingTypeName};

use super::AttributePayload;
use crate::{Context, Http, Operation};

/// Creates a thing. Asking twice with the same settings returns the same thing.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the name is taken with other settings, `ResourceNotFoundException` for a thing type
/// or billing group that is not there.
pub struct CreateThing;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: ThingName,
    thing_type_name: Option<ThingTypeName>,
    attribute_payload: Option<AttributePayload>,
    billing_group_name: Option<BillingGroupName>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_name: ThingName,
    thing_arn: String,
    thing_id: String,
}

impl Operation for CreateThing {
    const NAME: &'static str = "CreateThing";
    const HTTP: Http = Http::post("/things/{thingName}");
    const ACTION: Option<&'static str> = Some("iot:CreateThing");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Thing(input.thing_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // `merge` says nothing about a thing that has no attributes yet.
        let attributes = input
            .attribute_payload
            .and_then(|payload| payload.attributes)
            .unwrap_or_default();
        let new = NewThing {
            name: input.thing_name,
            thing_type: input.thing_type_name,
            attributes,
            billing_group: input.billing_group_name,
        };
        let realm = cx.realm().await?;
        let thing = things::create_thing(cx.deeds, &realm, new).await?;
        Ok(Output {
            thing_arn: cx.arn(Resource::Thing(thing.name.clone())),
            thing_id: thing.thing_id.to_string(),
            thing_name: thing.name,
        })
    }
}
