use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, tags};

use super::Tag;
use crate::{Context, Http, Operation, pages};

/// Lists the tags of a resource in order of their keys.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such resource, `InvalidRequestException` for a token of another list.
pub struct ListTagsForResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    resource_arn: String,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    tags: Vec<Tag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    const HTTP: Http = Http::get("/tags");
    const ACTION: Option<&'static str> = Some("iot:ListTagsForResource");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(&input.resource_arn)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let resource = super::resource(&input.resource_arn)?;
        let page = pages::by_token(input.next_token, None);
        let realm = cx.realm().await?;
        let page = tags::list_tags_for_resource(cx.deeds, &realm, &resource, &page).await?;
        let tag = |(key, value)| Tag {
            key,
            value: Some(value),
        };
        Ok(Output {
            tags: page.items.into_iter().map(tag).collect(),
            next_token: page.next,
        })
    }
}
