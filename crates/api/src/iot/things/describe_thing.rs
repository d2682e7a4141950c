use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::things::{self, Attributes};
use thingsmith_model::{BillingGroupName, Resource, ThingName, ThingTypeName};

use crate::{Context, Http, Operation};

/// Reads a thing.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this name.
pub struct DescribeThing;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: ThingName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    default_client_id: ThingName,
    thing_name: ThingName,
    thing_id: String,
    thing_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    thing_type_name: Option<ThingTypeName>,
    attributes: Attributes,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    billing_group_name: Option<BillingGroupName>,
}

impl Operation for DescribeThing {
    const NAME: &'static str = "DescribeThing";
    const HTTP: Http = Http::get("/things/{thingName}");
    const ACTION: Option<&'static str> = Some("iot:DescribeThing");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Thing(input.thing_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let thing = things::describe_thing(cx.deeds, &realm, &input.thing_name).await?;
        Ok(Output {
            default_client_id: thing.name.clone(),
            thing_id: thing.thing_id.to_string(),
            thing_arn: cx.arn(Resource::Thing(thing.name.clone())),
            thing_type_name: thing.thing_type_name().cloned(),
            billing_group_name: thing.billing_group_name().cloned(),
            thing_name: thing.name,
            attributes: thing.attributes,
            version: thing.version,
        })
    }
}
