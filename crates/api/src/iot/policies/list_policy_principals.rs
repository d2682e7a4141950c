use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};
use thingsmith_model::{Arn, PolicyName};

use crate::{Context, Http, Operation, pages};

/// Lists the certificates that a policy is attached to, the older form of ListTargetsForPolicy.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such policy, `InvalidRequestException` for a marker of another list.
pub struct ListPolicyPrincipals;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    marker: Option<String>,
    page_size: Option<u16>,
    ascending_order: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    principals: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

impl Operation for ListPolicyPrincipals {
    const NAME: &'static str = "ListPolicyPrincipals";
    const HTTP: Http = Http::get("/policy-principals");
    const ACTION: Option<&'static str> = Some("iot:ListPolicyPrincipals");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_marker(input.marker, input.page_size, 100);
        let ascending = input.ascending_order.unwrap_or_default();
        let realm = cx.realm().await?;
        let name = &input.policy_name;
        let page = policies::list_policy_principals(cx.deeds, &realm, name, ascending, &page).await?;
        Ok(Output {
            principals: page.items.iter().map(Arn::to_string).collect(),
            next_marker: page.next,
        })
    }
}
