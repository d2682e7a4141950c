use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, things};
use thingsmith_model::ThingName;

use crate::{Context, Http, Operation, pages};

/// Lists the things of a principal in the order in which they came to be.
///
/// # Errors
/// `ResourceNotFoundException` if the principal is not there, `InvalidRequestException` for a token of another list.
pub struct ListPrincipalThings;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    principal: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    things: Vec<ThingName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListPrincipalThings {
    const NAME: &'static str = "ListPrincipalThings";
    const HTTP: Http = Http::get("/principals/things");
    const ACTION: Option<&'static str> = Some("iot:ListPrincipalThings");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page = things::list_principal_things(cx.deeds, &realm, &input.principal, None, &page).await?;
        Ok(Output {
            things: page.items.into_iter().map(|it| it.name).collect(),
            next_token: page.next,
        })
    }
}
