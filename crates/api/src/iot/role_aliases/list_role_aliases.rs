use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, role_aliases};

use crate::{Context, Http, Operation, pages};

/// Lists the names of role aliases by age.
///
/// # Errors
/// `InvalidRequestException` for a marker of another list.
pub struct ListRoleAliases;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    page_size: Option<u16>,
    marker: Option<String>,
    ascending_order: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    role_aliases: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

impl Operation for ListRoleAliases {
    const NAME: &'static str = "ListRoleAliases";
    const HTTP: Http = Http::get("/role-aliases");
    const ACTION: Option<&'static str> = Some("iot:ListRoleAliases");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_marker(input.marker, input.page_size, 25);
        let ascending = input.ascending_order.unwrap_or_default();
        let realm = cx.realm().await?;
        let page = role_aliases::list_role_aliases(cx.deeds, &realm, ascending, &page).await?;
        Ok(Output {
            role_aliases: page.items,
            next_marker: page.next,
        })
    }
}
