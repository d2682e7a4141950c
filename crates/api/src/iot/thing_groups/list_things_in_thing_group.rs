use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, thing_groups};
use thingsmith_model::{Resource, ThingGroupName, ThingName};

use crate::{Context, Http, Operation, pages};

/// Lists the things in a group, and in those below it if `recursive`.
///
/// # Errors
/// `ResourceNotFoundException` if the group is not there, `InvalidRequestException` for a token of another list.
pub struct ListThingsInThingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    thing_group_name: ThingGroupName,
    recursive: Option<bool>,
    next_token: Option<String>,
    max_results: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    things: Vec<ThingName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListThingsInThingGroup {
    const NAME: &'static str = "ListThingsInThingGroup";
    const HTTP: Http = Http::get("/thing-groups/{thingGroupName}/things");
    const ACTION: Option<&'static str> = Some("iot:ListThingsInThingGroup");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::ThingGroup(input.thing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let recursive = input.recursive.unwrap_or_default();
        let realm = cx.realm().await?;
        let name = &input.thing_group_name;
        let page = thing_groups::list_things_in_thing_group(cx.deeds, &realm, name, recursive, &page).await?;
        Ok(Output {
            things: page.items,
            next_token: page.next,
        })
    }
}
