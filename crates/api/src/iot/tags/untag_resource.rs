use serde::Deserialize;
use thingsmith_core::{Fault, tags};

use crate::{Context, Empty, Http, Operation};

/// Takes tags from a resource. Keys that it does not have are passed over.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such resource.
pub struct UntagResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    resource_arn: String,
    tag_keys: Vec<String>,
}

impl Operation for UntagResource {
    const NAME: &'static str = "UntagResource";
    const HTTP: Http = Http::post("/untag");
    const ACTION: Option<&'static str> = Some("iot:UntagResource");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(&input.resource_arn)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let resource = super::resource(&input.resource_arn)?;
        let realm = cx.realm().await?;
        tags::untag_resource(cx.deeds, &realm, &resource, &input.tag_keys).await?;
        Ok(Empty {})
    }
}
