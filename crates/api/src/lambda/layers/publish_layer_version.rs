use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::layers::{self, LayerName, NewLayerVersion};

use super::version::Whole;
use crate::lambda::functions::settings::first;
use crate::lambda::functions::{Source, refers};
use crate::{Context, Http, Operation};

/// Makes a version of a layer from a zip file, in the request or in a bucket, and the layer with its first one.
///
/// # Errors
/// `InvalidParameterValueException` for what is no zip file.
pub struct PublishLayerVersion;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    layer_name: LayerName,
    description: Option<String>,
    content: Content,
    compatible_architectures: Option<Vec<String>>,
    compatible_runtimes: Option<Vec<String>>,
    license_info: Option<String>,
}

/// AWS's `LayerVersionContentInput`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Content {
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    s3_object_version: Option<String>,
    s3_object_storage_mode: Option<String>,
    zip_file: Option<String>,
}

impl Operation for PublishLayerVersion {
    const NAME: &'static str = "PublishLayerVersion";
    const HTTP: Http = Http::post("/2018-10-31/layers/{LayerName}/versions");
    const ACTION: Option<&'static str> = Some("lambda:PublishLayerVersion");
    type Input = Input;
    type Output = Whole;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        let content = &input.content;
        first(&[
            ("Content.S3ObjectVersion", content.s3_object_version.is_some()),
            (
                "Content.S3ObjectStorageMode",
                refers(content.s3_object_storage_mode.as_deref()),
            ),
        ])
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.layer_name.resource(cx.region, &cx.caller.account)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Whole, Fault> {
        let source = Source {
            within: "Content.",
            zip_file: input.content.zip_file,
            s3_bucket: input.content.s3_bucket,
            s3_key: input.content.s3_key,
        };
        let new = NewLayerVersion {
            layer: input.layer_name,
            description: input.description.unwrap_or_default(),
            license: input.license_info.unwrap_or_default(),
            runtimes: input.compatible_runtimes.unwrap_or_default(),
            architectures: input.compatible_architectures.unwrap_or_default(),
            zip: source.read(cx).await?,
        };
        let realm = cx.realm().await?;
        let version = layers::publish_layer_version(cx.deeds, &realm, new).await?;
        Ok(Whole::of(&realm, version))
    }
}
