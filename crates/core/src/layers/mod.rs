//! Layers: zip files that functions share, what AWS calls Lambda layers.
//!
//! A layer is nothing but its versions, which never change. A version that is deleted is kept for the functions that have it
//! and cannot be seen or taken any more.

mod delete;
mod name;
mod publish;
pub mod rows;

use thingsmith_model::Timestamp;

pub use delete::delete_layer_version;
pub use name::{LayerName, LayerVersionName};
pub use publish::{NewLayerVersion, publish_layer_version};

use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Most layers of a function (Lambda quotas, "Layers").
pub const MOST_LAYERS: usize = 5;

/// A version of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerVersion {
    /// Its number.
    pub number: i64,
    /// The name of the layer; case matters.
    pub name: String,
    /// Counts from 1.
    pub version: i64,
    /// What it is for; may be empty.
    pub description: String,
    /// Its licence; may be empty.
    pub license: String,
    /// The runtimes that it says it is for.
    pub runtimes: Vec<String>,
    /// The architectures that it says it is for.
    pub architectures: Vec<String>,
    /// The SHA-256 of its zip file.
    pub code_sha256: Vec<u8>,
    /// The size of its zip file.
    pub code_bytes: i64,
    /// When it was published.
    pub created_at: Timestamp,
}

impl LayerVersion {
    /// The ARN of the layer.
    pub fn layer_arn(&self, realm: &RealmRecord) -> String {
        layer_arn(realm, &self.name)
    }

    /// The ARN of this version.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        version_arn(realm, &self.name, self.version)
    }
}

/// The ARN of a realm's layer of this name.
pub fn layer_arn(realm: &RealmRecord, name: &str) -> String {
    format!("arn:aws:lambda:{}:{}:layer:{name}", realm.region, realm.account)
}

/// The ARN of a version of a realm's layer.
pub fn version_arn(realm: &RealmRecord, name: &str, version: i64) -> String {
    format!("{}:{version}", layer_arn(realm, name))
}

/// What of the versions a list shows: those that say they are for something.
#[derive(Debug, Clone, Default)]
pub struct Compatible {
    /// A runtime.
    pub runtime: Option<String>,
    /// An architecture.
    pub architecture: Option<String>,
}

impl Compatible {
    fn list(&self, name: &str) -> String {
        let word = |word: &Option<String>| word.clone().unwrap_or_default();
        format!("{name} {} {}", word(&self.runtime), word(&self.architecture))
    }
}

/// A version of a layer.
///
/// # Errors
/// `ResourceNotFoundException`, `AccessDeniedException` for a layer of another account.
pub async fn layer_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &LayerVersionName,
) -> Result<LayerVersion, Fault> {
    let layer = name.layer.within(realm)?;
    rows::find(deeds.store(), realm.realm, layer, name.version)
        .await?
        .ok_or_else(|| {
            Fault::not_found(format!(
                "The resource you requested does not exist: {}",
                version_arn(realm, layer, name.version)
            ))
        })
}

/// Lists the versions of a layer, the newest first. A layer that is not there has none.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list, `AccessDeniedException` for a layer of another account.
pub async fn list_layer_versions(
    deeds: &Deeds,
    realm: &RealmRecord,
    layer: &LayerName,
    compatible: &Compatible,
    page: &PageRequest,
) -> Result<Page<LayerVersion>, Fault> {
    let layer = layer.within(realm)?;
    let list = compatible.list(&format!("ListLayerVersions {layer}"));
    let before: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let before = before.unwrap_or(i64::MAX);
    let limit = page.limit_and_one();
    let found = rows::versions(deeds.store(), realm.realm, layer, compatible, before, limit).await?;
    page.cut(deeds, realm.realm, &list, found, |last| last.version)
}

/// Lists layers by name, each with its newest version.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_layers(
    deeds: &Deeds,
    realm: &RealmRecord,
    compatible: &Compatible,
    page: &PageRequest,
) -> Result<Page<LayerVersion>, Fault> {
    let list = compatible.list("ListLayers");
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let after = after.unwrap_or_default();
    let limit = page.limit_and_one();
    let found = rows::newest(deeds.store(), realm.realm, compatible, &after, limit).await?;
    page.cut(deeds, realm.realm, &list, found, |last| last.name.clone())
}

/// A version of a layer that a function has, with what it tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerOfFunction {
    /// The version's number.
    pub number: i64,
    /// The name of the layer.
    pub name: String,
    /// The version.
    pub version: i64,
    /// The size of its zip file.
    pub code_bytes: i64,
}

impl LayerOfFunction {
    /// The ARN of the version.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        version_arn(realm, &self.name, self.version)
    }
}

/// Finds the versions that a function is to have.
///
/// # Errors
/// `InvalidRequestException` for too many, for two of one layer and for one that is not there, `AccessDeniedException` for one
/// of another account.
pub(crate) async fn for_function(
    deeds: &Deeds,
    realm: &RealmRecord,
    names: &[LayerVersionName],
) -> Result<Vec<LayerOfFunction>, Fault> {
    if names.len() > MOST_LAYERS {
        return Err(Fault::invalid(format!(
            "Layers has {} layers; {MOST_LAYERS} are allowed.",
            names.len()
        )));
    }
    let mut found: Vec<LayerOfFunction> = Vec::new();
    for name in names {
        let layer = name.layer.within(realm)?;
        if found.iter().any(|other| other.name == layer) {
            return Err(Fault::invalid(format!(
                "Two different versions of the same layer are not allowed to be referenced in the same function: {layer} \
                 stands in Layers twice."
            )));
        }
        let version = rows::find(deeds.store(), realm.realm, layer, name.version).await?;
        let version = version.ok_or_else(|| {
            Fault::invalid(format!(
                "Layer version {} does not exist.",
                version_arn(realm, layer, name.version)
            ))
        })?;
        found.push(LayerOfFunction {
            number: version.number,
            name: version.name,
            version: version.version,
            code_bytes: version.code_bytes,
        });
    }
    Ok(found)
}
