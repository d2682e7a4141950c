use super::Role;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, roles};

/// Lists roles by name.
///
/// # Errors
/// `ValidationError` for a marker of another list.
pub struct ListRoles;

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
    roles: Vec<Role>,
    is_truncated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    marker: Option<String>,
}

impl Operation for ListRoles {
    const NAME: &'static str = "ListRoles";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:ListRoles");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::role_arn(cx, input.path_prefix.as_deref().unwrap_or("/"), "")]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let prefix = input.path_prefix.as_deref().unwrap_or("/");
        let page = iam::page(input.marker, input.max_items);
        let page = roles::list_roles(cx.deeds, &realm, prefix, &page).await?;
        let page = page.map(|role| Role::new(cx, role));
        Ok(Output {
            roles: page.items,
            is_truncated: page.next.is_some(),
            marker: page.next,
        })
    }
}
