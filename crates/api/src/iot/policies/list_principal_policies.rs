use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};

use super::Item;
use crate::{Context, Http, Operation, pages};

/// Lists the policies attached to a principal, the older form of ListAttachedPolicies.
///
/// # Errors
/// `ResourceNotFoundException` if the principal is not there, `InvalidRequestException` for a marker of another list.
pub struct ListPrincipalPolicies;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    principal: String,
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

impl Operation for ListPrincipalPolicies {
    const NAME: &'static str = "ListPrincipalPolicies";
    const HTTP: Http = Http::get("/principal-policies");
    const ACTION: Option<&'static str> = Some("iot:ListPrincipalPolicies");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_marker(input.marker, input.page_size, 100);
        let ascending = input.ascending_order.unwrap_or_default();
        let realm = cx.realm().await?;
        let principal = &input.principal;
        let page = policies::list_principal_policies(cx.deeds, &realm, principal, ascending, &page).await?;
        let page = page.map(|policy| Item::new(cx, policy));
        Ok(Output {
            policies: page.items,
            next_marker: page.next,
        })
    }
}
