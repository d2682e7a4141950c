use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::things::{self, AttachedPrincipal};
use thingsmith_model::ThingName;

use super::ThingPrincipalType;
use crate::{Context, Http, Operation, pages};

/// Lists the principals of a thing and how they belong to it, in the order in which they came to be.
///
/// # Errors
/// `ResourceNotFoundException` if the thing is not there, `InvalidRequestException` for a token of another list.
pub struct ListThingPrincipalsV2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    thing_name: ThingName,
    thing_principal_type: Option<ThingPrincipalType>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_principal_objects: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `ThingPrincipalObject`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    principal: String,
    thing_principal_type: ThingPrincipalType,
}

impl Operation for ListThingPrincipalsV2 {
    const NAME: &'static str = "ListThingPrincipalsV2";
    const HTTP: Http = Http::get("/things/{thingName}/principals-v2");
    const ACTION: Option<&'static str> = Some("iot:ListThingPrincipalsV2");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let only = input.thing_principal_type.map(Into::into);
        let realm = cx.realm().await?;
        let page = things::list_attached_principals(cx.deeds, &realm, &input.thing_name, only, &page).await?;
        let item = |it: AttachedPrincipal| Item {
            principal: it.principal.to_string(),
            thing_principal_type: it.principal_type.into(),
        };
        Ok(Output {
            thing_principal_objects: page.items.into_iter().map(item).collect(),
            next_token: page.next,
        })
    }
}
