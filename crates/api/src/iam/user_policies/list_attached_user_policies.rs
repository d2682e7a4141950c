use crate::iam::{self, AttachedPolicy};
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::identity_policies::{self, Holder};

/// Lists the managed policies attached to a user, AWS's own first.
///
/// # Errors
/// `NoSuchEntity` if there is no such user, `ValidationError` for a marker of another list.
pub struct ListAttachedUserPolicies;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: String,
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

impl Operation for ListAttachedUserPolicies {
    const NAME: &'static str = "ListAttachedUserPolicies";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListAttachedUserPolicies");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::user_arn(cx, "/", &input.user_name)]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        Ok(vec![iam::find_user_arn(cx, &input.user_name).await?])
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let holder = Holder::User(&input.user_name);
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
