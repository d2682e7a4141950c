use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::things::{self, AttachedThing};
use thingsmith_model::ThingName;

use super::ThingPrincipalType;
use crate::{Context, Http, Operation, pages};

/// Lists the things of a principal and how it belongs to them, in the order in which they came to be.
///
/// # Errors
/// `ResourceNotFoundException` if the principal is not there, `InvalidRequestException` for a token of another list.
pub struct ListPrincipalThingsV2;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    principal: String,
    thing_principal_type: Option<ThingPrincipalType>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    principal_thing_objects: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `PrincipalThingObject`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    thing_name: ThingName,
    thing_principal_type: ThingPrincipalType,
}

impl Operation for ListPrincipalThingsV2 {
    const NAME: &'static str = "ListPrincipalThingsV2";
    const HTTP: Http = Http::get("/principals/things-v2");
    const ACTION: Option<&'static str> = Some("iot:ListPrincipalThingsV2");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let only = input.thing_principal_type.map(Into::into);
        let realm = cx.realm().await?;
        let page = things::list_principal_things(cx.deeds, &realm, &input.principal, only, &page).await?;
        let item = |it: AttachedThing| Item {
            thing_name: it.name,
            thing_principal_type: it.principal_type.into(),
        };
        Ok(Output {
            principal_thing_objects: page.items.into_iter().map(item).collect(),
            next_token: page.next,
        })
    }
}
