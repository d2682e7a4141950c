use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::layers::{self, Compatible};

use super::page;
use super::version::Item;
use crate::{Context, Http, Operation};

/// Lists layers by name, each with its newest version, at most 50 on a page.
///
/// # Errors
/// `InvalidParameterValueException` for a marker of another list.
pub struct ListLayers;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    compatible_runtime: Option<String>,
    compatible_architecture: Option<String>,
    marker: Option<String>,
    max_items: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
    layers: Vec<Layer>,
}

/// AWS's `LayersListItem`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Layer {
    layer_name: String,
    layer_arn: String,
    latest_matching_version: Item,
}

impl Operation for ListLayers {
    const NAME: &'static str = "ListLayers";
    const HTTP: Http = Http::get("/2018-10-31/layers");
    const ACTION: Option<&'static str> = Some("lambda:ListLayers");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let compatible = Compatible {
            runtime: input.compatible_runtime,
            architecture: input.compatible_architecture,
        };
        let page = page(input.marker, input.max_items);
        let realm = cx.realm().await?;
        let page = layers::list_layers(cx.deeds, &realm, &compatible, &page).await?;
        let page = page.map(|version| Layer {
            layer_name: version.name.clone(),
            layer_arn: version.layer_arn(&realm),
            latest_matching_version: Item::of(&realm, version),
        });
        Ok(Output {
            next_marker: page.next,
            layers: page.items,
        })
    }
}
