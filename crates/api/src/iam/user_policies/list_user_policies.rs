use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::identity_policies::{self, Holder};

/// Lists the names of the policies that stand in a user.
///
/// # Errors
/// `NoSuchEntity` if there is no such user, `ValidationError` for a marker of another list.
pub struct ListUserPolicies;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: String,
    marker: Option<String>,
    max_items: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policy_names: Vec<String>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListUserPolicies {
    const NAME: &'static str = "ListUserPolicies";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListUserPolicies");
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
        let page = iam::page(input.marker, input.max_items);
        let page = identity_policies::list_inline(cx.deeds, &realm, holder, &page).await?;
        Ok(Output {
            policy_names: page.items,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}
