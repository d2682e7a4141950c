use super::Policy;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::managed_policies::{self, Filter, Scope};

/// Lists managed policies, AWS's own first, then the account's by age.
///
/// # Errors
/// `ValidationError` for a marker of another list.
pub struct ListPolicies;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    scope: Option<String>,
    only_attached: Option<bool>,
    path_prefix: Option<String>,
    policy_usage_filter: Option<String>,
    marker: Option<String>,
    max_items: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policies: Vec<Policy>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListPolicies {
    const NAME: &'static str = "ListPolicies";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListPolicies");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::policy_arn(
            cx,
            input.path_prefix.as_deref().unwrap_or("/"),
            "",
        )]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        // No policy is a boundary of anybody: there are none yet.
        if input.policy_usage_filter.as_deref() == Some("PermissionsBoundary") {
            return Ok(Output {
                policies: Vec::new(),
                is_truncated: false,
                marker: None,
            });
        }
        let filter = Filter {
            scope: match input.scope.as_deref() {
                Some("AWS") => Scope::Aws,
                Some("Local") => Scope::Local,
                _ => Scope::All,
            },
            only_attached: input.only_attached.unwrap_or_default(),
            path_prefix: input.path_prefix.unwrap_or_else(|| "/".into()),
        };
        let page = iam::page(input.marker, input.max_items);
        let page = managed_policies::list_policies(cx.deeds, &realm, &filter, &page).await?;
        let page = page.map(|(policy, attached)| Policy::new(&realm, policy, attached));
        Ok(Output {
            policies: page.items,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}
