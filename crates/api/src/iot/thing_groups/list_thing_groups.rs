use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::thing_groups::{self, ThingGroupFilter};
use thingsmith_model::ThingGroupName;

use super::Item;
use crate::{Context, Http, Operation, pages};

/// Lists thing groups: all of them, those below one, those whose names begin alike.
///
/// # Errors
/// `ResourceNotFoundException` if the parent is not there, `InvalidRequestException` for a token of another list.
pub struct ListThingGroups;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    parent_group: Option<ThingGroupName>,
    name_prefix_filter: Option<ThingGroupName>,
    recursive: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_groups: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListThingGroups {
    const NAME: &'static str = "ListThingGroups";
    const HTTP: Http = Http::get("/thing-groups");
    const ACTION: Option<&'static str> = Some("iot:ListThingGroups");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let filter = ThingGroupFilter {
            parent: input.parent_group,
            prefix: input.name_prefix_filter,
            recursive: input.recursive,
        };
        let realm = cx.realm().await?;
        let page = thing_groups::list_thing_groups(cx.deeds, &realm, &filter, &page).await?;
        let page = page.map(|group| Item::new(cx, group));
        Ok(Output {
            thing_groups: page.items,
            next_token: page.next,
        })
    }
}
