use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};

use super::Item;
use crate::{Context, Http, Operation, pages};

/// Lists policies by age.
///
/// # Errors
/// `InvalidRequestException` for a marker of another list.
pub struct ListPolicies;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    marker: Option<String>,
    page_size: Option<u16>,
    ascending_order: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    policies: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

impl Operation for ListPolicies {
    const NAME: &'static str = "ListPolicies";
    const HTTP: Http = Http::get("/policies");
    const ACTION: Option<&'static str> = Some("iot:ListPolicies");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_marker(input.marker, input.page_size, 100);
        let ascending = input.ascending_order.unwrap_or_default();
        let realm = cx.realm().await?;
        let page = policies::list_policies(cx.deeds, &realm, ascending, &page).await?;
        let page = page.map(|policy| Item::new(cx, policy));
        Ok(Output {
            policies: page.items,
            next_marker: page.next,
        })
    }
}
