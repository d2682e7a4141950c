use serde::{Deserialize, Serialize};
use thingsmith_core::thing_types::ThingType;
use thingsmith_core::{Fault, thing_types};
use thingsmith_model::ThingTypeName;

use super::{Metadata, Properties};
use crate::{Context, Http, Operation, pages};

/// Lists thing types in order of their names, or the one of a name.
///
/// # Errors
/// `InvalidRequestException` for a token of another list.
pub struct ListThingTypes;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    thing_type_name: Option<ThingTypeName>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    thing_types: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `ThingTypeDefinition`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    thing_type_name: ThingTypeName,
    thing_type_arn: String,
    thing_type_properties: Properties,
    thing_type_metadata: Metadata,
}

impl Operation for ListThingTypes {
    const NAME: &'static str = "ListThingTypes";
    const HTTP: Http = Http::get("/thing-types");
    const ACTION: Option<&'static str> = Some("iot:ListThingTypes");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let only = input.thing_type_name.as_ref();
        let page = thing_types::list_thing_types(cx.deeds, &realm, only, &page).await?;
        let item = |found: ThingType| Item {
            thing_type_arn: found.arn(&realm),
            thing_type_properties: Properties::of(&found),
            thing_type_metadata: Metadata::of(&found),
            thing_type_name: found.name,
        };
        Ok(Output {
            thing_types: page.items.into_iter().map(item).collect(),
            next_token: page.next,
        })
    }
}
