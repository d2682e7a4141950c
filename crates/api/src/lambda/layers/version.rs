//! What operations answer of a version.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use thingsmith_core::layers::LayerVersion;
use thingsmith_core::realms::RealmRecord;

use crate::lambda::written;

/// AWS's `GetLayerVersionResponse`, which is also that of PublishLayerVersion. No link to the code is given.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Whole {
    content: Content,
    layer_arn: String,
    #[serde(flatten)]
    item: Item,
}

/// AWS's `LayerVersionContentOutput`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    code_sha256: String,
    code_size: i64,
}

/// AWS's `LayerVersionsListItem`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Item {
    layer_version_arn: String,
    version: i64,
    description: String,
    created_date: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compatible_runtimes: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    license_info: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    compatible_architectures: Vec<String>,
}

impl Whole {
    pub(super) fn of(realm: &RealmRecord, version: LayerVersion) -> Self {
        Self {
            content: Content {
                code_sha256: STANDARD.encode(&version.code_sha256),
                code_size: version.code_bytes,
            },
            layer_arn: version.layer_arn(realm),
            item: Item::of(realm, version),
        }
    }
}

impl Item {
    pub(super) fn of(realm: &RealmRecord, version: LayerVersion) -> Self {
        Self {
            layer_version_arn: version.arn(realm),
            version: version.version,
            description: version.description,
            created_date: written(version.created_at),
            compatible_runtimes: version.runtimes,
            license_info: version.license,
            compatible_architectures: version.architectures,
        }
    }
}
