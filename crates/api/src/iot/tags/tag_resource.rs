use serde::Deserialize;
use thingsmith_core::{Fault, tags};

use super::Tag;
use crate::{Context, Empty, Http, Operation};

/// Gives a resource further tags; one whose key it has gets the new value.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such resource, `LimitExceededException` if it would have more tags than it
/// may.
pub struct TagResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    resource_arn: String,
    tags: Vec<Tag>,
}

impl Operation for TagResource {
    const NAME: &'static str = "TagResource";
    const HTTP: Http = Http::post("/tags");
    const ACTION: Option<&'static str> = Some("iot:TagResource");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(&input.resource_arn)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let resource = super::resource(&input.resource_arn)?;
        let tags = super::checked(Some(input.tags))?;
        let realm = cx.realm().await?;
        tags::tag_resource(cx.deeds, &realm, &resource, &tags).await?;
        Ok(Empty {})
    }
}
