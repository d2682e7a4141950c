use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::things::{self, AttributeFilter, Attributes, Thing, ThingFilter};
use thingsmith_model::{AttributeName, AttributeValue, Resource, ThingName, ThingTypeName};

use crate::{Context, Http, Operation, pages};

/// Lists things: all of them, those of a type, those with an attribute.
///
/// # Errors
/// `InvalidRequestException` for a token of another list, and for an attribute's value without its name.
pub struct ListThings;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    attribute_name: Option<AttributeName>,
    attribute_value: Option<AttributeValue>,
    thing_type_name: Option<ThingTypeName>,
    use_prefix_attribute_value: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    things: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `ThingAttribute`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    thing_name: ThingName,
    #[serde(skip_serializing_if = "Option::is_none")]
    thing_type_name: Option<ThingTypeName>,
    thing_arn: String,
    attributes: Attributes,
    version: i64,
}

impl Operation for ListThings {
    const NAME: &'static str = "ListThings";
    const HTTP: Http = Http::get("/things");
    const ACTION: Option<&'static str> = Some("iot:ListThings");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        if input.attribute_name.is_none() && input.attribute_value.is_some() {
            return Err(Fault::invalid(
                "attributeValue cannot be given without attributeName.",
            ));
        }
        let prefix = input.use_prefix_attribute_value.unwrap_or_default();
        let filter = ThingFilter {
            attribute: input.attribute_name.map(|name| AttributeFilter {
                name,
                value: input.attribute_value.map(String::from),
                prefix,
            }),
            thing_type: input.thing_type_name,
        };
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page = things::list_things(cx.deeds, &realm, &filter, &page).await?;
        let item = |thing: Thing| Item {
            thing_arn: cx.arn(Resource::Thing(thing.name.clone())),
            thing_type_name: thing.thing_type_name().cloned(),
            thing_name: thing.name,
            attributes: thing.attributes,
            version: thing.version,
        };
        Ok(Output {
            things: page.items.into_iter().map(item).collect(),
            next_token: page.next,
        })
    }
}
