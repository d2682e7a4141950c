use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::layers::{self, Compatible, LayerName};

use super::page;
use super::version::Item;
use crate::{Context, Http, Operation};

/// Lists the versions of a layer, the newest first, at most 50 on a page. A layer that is not there has none.
///
/// # Errors
/// `InvalidParameterValueException` for a marker of another list.
pub struct ListLayerVersions;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    layer_name: LayerName,
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
    layer_versions: Vec<Item>,
}

impl Operation for ListLayerVersions {
    const NAME: &'static str = "ListLayerVersions";
    const HTTP: Http = Http::get("/2018-10-31/layers/{LayerName}/versions");
    const ACTION: Option<&'static str> = Some("lambda:ListLayerVersions");
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
        let page =
            layers::list_layer_versions(cx.deeds, &realm, &input.layer_name, &compatible, &page).await?;
        let page = page.map(|version| Item::of(&realm, version));
        Ok(Output {
            next_marker: page.next,
            layer_versions: page.items,
        })
    }
}
