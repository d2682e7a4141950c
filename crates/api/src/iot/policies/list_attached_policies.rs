use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};

use super::Item;
use crate::{Context, Http, Operation, pages};

/// Lists the policies attached to a target in the order in which they were made; if `recursive`, also those of the groups
/// above it.
///
/// # Errors
/// `ResourceNotFoundException` if the target is not there, `InvalidRequestException` for what cannot be a target and for a
/// marker of another list.
pub struct ListAttachedPolicies;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    target: String,
    recursive: Option<bool>,
    marker: Option<String>,
    page_size: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    policies: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

impl Operation for ListAttachedPolicies {
    const NAME: &'static str = "ListAttachedPolicies";
    const HTTP: Http = Http::post("/attached-policies/{target}");
    const ACTION: Option<&'static str> = Some("iot:ListAttachedPolicies");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_marker(input.marker, input.page_size, 100);
        let recursive = input.recursive.unwrap_or_default();
        let realm = cx.realm().await?;
        let page =
            policies::list_attached_policies(cx.deeds, &realm, &input.target, recursive, &page).await?;
        let page = page.map(|policy| Item::new(cx, policy));
        Ok(Output {
            policies: page.items,
            next_marker: page.next,
        })
    }
}
