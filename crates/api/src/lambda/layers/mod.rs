//! Operations on layers.

mod delete_layer_version;
mod get_layer_version;
mod get_layer_version_by_arn;
mod list_layer_versions;
mod list_layers;
mod publish_layer_version;
mod version;

pub use delete_layer_version::DeleteLayerVersion;
pub use get_layer_version::GetLayerVersion;
pub use get_layer_version_by_arn::GetLayerVersionByArn;
pub use list_layer_versions::ListLayerVersions;
pub use list_layers::ListLayers;
pub use publish_layer_version::PublishLayerVersion;

use serde::Deserialize;
use thingsmith_core::PageRequest;
use thingsmith_core::layers::{LayerName, LayerVersionName};

use crate::Context;

/// The input of an operation that names a version and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    layer_name: LayerName,
    version_number: i64,
}

impl Named {
    fn name(self) -> LayerVersionName {
        LayerVersionName {
            layer: self.layer_name,
            version: self.version_number,
        }
    }

    fn resource(&self, cx: &Context<'_>) -> Vec<String> {
        let layer = self.layer_name.resource(cx.region, &cx.caller.account);
        vec![format!("{layer}:{}", self.version_number)]
    }
}

/// Versions and layers on a page (Lambda API reference, ListLayers, MaxItems).
const PAGE: usize = 50;

fn page(marker: Option<String>, most: Option<usize>) -> PageRequest {
    PageRequest {
        token: marker.filter(|marker| !marker.is_empty()),
        size: most.unwrap_or(PAGE).clamp(1, PAGE),
        member: "Marker",
    }
}
