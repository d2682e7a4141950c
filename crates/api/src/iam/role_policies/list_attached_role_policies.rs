use crate::iam::{self, AttachedPolicy};
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::identity_policies::{self, Holder};

/// Lists the managed policies attached to a role, AWS's own first.
///
/// # Errors
/// `NoSuchEntity` if there is no such role, `ValidationError` for a marker of another list.
pub struct ListAttachedRolePolicies;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_name: String,
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    attached_policies: Vec<AttachedPolicy>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListAttachedRolePolicies {
    const NAME: &'static str = "ListAttachedRolePolicies";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListAttachedRolePolicies");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::role_arn(cx, "/", &input.role_name)]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        Ok(vec![iam::find_role_arn(cx, &input.role_name).await?])
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let holder = Holder::Role(&input.role_name);
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let page = iam::page(input.marker, input.max_items);
        let page = identity_policies::list_attached(cx.deeds, &realm, holder, prefix, &page).await?;
        let page = page.map(AttachedPolicy::from);
        Ok(Output {
            attached_policies: page.items,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}
