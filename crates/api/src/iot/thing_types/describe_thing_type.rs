use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, thing_types};
use thingsmith_model::{Resource, ThingTypeName};

use super::{Metadata, Properties};
use crate::{Context, Http, Operation};

/// Reads a thing type.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this name.
pub struct DescribeThingType;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_type_name: ThingTypeName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_type_name: ThingTypeName,
    thing_type_id: String,
    thing_type_arn: String,
    thing_type_properties: Properties,
    thing_type_metadata: Metadata,
}

impl Operation for DescribeThingType {
    const NAME: &'static str = "DescribeThingType";
    const HTTP: Http = Http::get("/thing-types/{thingTypeName}");
    const ACTION: Option<&'static str> = Some("iot:DescribeThingType");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingType(input.thing_type_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let found = thing_types::describe_thing_type(cx.deeds, &realm, &input.thing_type_name).await?;
        Ok(Output {
            thing_type_id: found.thing_type_id.to_string(),
            thing_type_arn: found.arn(&realm),
            thing_type_properties: Properties::of(&found),
            thing_type_metadata: Metadata::of(&found),
            thing_type_name: found.name,
        })
    }
}
