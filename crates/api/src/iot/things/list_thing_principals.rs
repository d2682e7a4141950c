use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, things};
use thingsmith_model::{Arn, ThingName};

use crate::{Context, Http, Operation, pages};

/// Lists the principals of a thing in the order in which they came to be.
///
/// # Errors
/// `ResourceNotFoundException` if the thing is not there, `InvalidRequestException` for a token of another list.
pub struct ListThingPrincipals;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    thing_name: ThingName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    principals: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListThingPrincipals {
    const NAME: &'static str = "ListThingPrincipals";
    const HTTP: Http = Http::get("/things/{thingName}/principals");
    const ACTION: Option<&'static str> = Some("iot:ListThingPrincipals");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page = things::list_thing_principals(cx.deeds, &realm, &input.thing_name, &page).await?;
        Ok(Output {
            principals: page.items.iter().map(Arn::to_string).collect(),
            next_token: page.next,
        })
    }
}
