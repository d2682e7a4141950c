use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, PageRequest, functions};

use super::configuration::{FunctionConfiguration, configuration};
use crate::{Context, Http, Operation};

/// Lists functions by name, at most 50 on a page.
///
/// # Errors
/// `InvalidParameterValueException` for a marker of another list.
pub struct ListFunctions;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    /// Of functions at the edge, of which there are none: whatever region it names, all functions are of this one.
    #[serde(rename = "MasterRegion")]
    _master_region: Option<String>,
    function_version: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    functions: Vec<FunctionConfiguration>,
}

/// Functions on a page (Lambda API reference, ListFunctions, MaxItems).
const PAGE: usize = 50;

impl Operation for ListFunctions {
    const NAME: &'static str = "ListFunctions";
    const HTTP: Http = Http::get("/2015-03-31/functions");
    const ACTION: Option<&'static str> = Some("lambda:ListFunctions");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = PageRequest {
            // The older CLIs send an empty one.
            token: input.marker.filter(|marker| !marker.is_empty()),
            size: input.max_items.unwrap_or(PAGE).clamp(1, PAGE),
            member: "Marker",
        };
        let versions = input.function_version.is_some();
        let realm = cx.realm().await?;
        let page = functions::list_functions(cx.deeds, &realm, &page).await?;
        let functions = page.items.into_iter();
        Ok(Output {
            next_marker: page.next,
            functions: functions
                .map(|function| configuration(cx, &realm, function, versions))
                .collect::<Result<_, _>>()?,
        })
    }
}
