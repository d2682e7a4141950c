use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, thing_groups};
use thingsmith_model::{Resource, ThingName};

use super::Item;
use crate::{Context, Http, Operation, pages};

/// Lists the groups that a thing is in, without those above them.
///
/// # Errors
/// `ResourceNotFoundException` if the thing is not there, `InvalidRequestException` for a token of another list.
pub struct ListThingGroupsForThing;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_name: ThingName,
    next_token: Option<String>,
    max_results: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_groups: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListThingGroupsForThing {
    const NAME: &'static str = "ListThingGroupsForThing";
    const HTTP: Http = Http::get("/things/{thingName}/thing-groups");
    const ACTION: Option<&'static str> = Some("iot:ListThingGroupsForThing");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Thing(input.thing_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page =
            thing_groups::list_thing_groups_for_thing(cx.deeds, &realm, &input.thing_name, &page).await?;
        let page = page.map(|group| Item::new(cx, group));
        Ok(Output {
            thing_groups: page.items,
            next_token: page.next,
        })
    }
}
