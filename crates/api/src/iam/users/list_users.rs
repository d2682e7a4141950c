use super::User;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, users};

/// Lists users by name.
///
/// # Errors
/// `ValidationError` for a marker of another list.
pub struct ListUsers;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    path_prefix: Option<String>,
    marker: Option<String>,
    max_items: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    users: Vec<User>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListUsers {
    const NAME: &'static str = "ListUsers";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListUsers");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::user_arn(cx, input.path_prefix.as_deref().unwrap_or("/"), "")]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let page = iam::page(input.marker, input.max_items);
        let page = users::list_users(cx.deeds, &realm, prefix, &page).await?;
        let page = page.map(|user| User::new(cx, user));
        Ok(Output {
            users: page.items,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}
