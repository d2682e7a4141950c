use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::functions::{self, CodeUpdate, FunctionName};

use super::configuration::{FunctionConfiguration, configuration};
use super::settings::first;
use super::{Source, architecture, refers};
use crate::{Context, Http, Operation};

/// Gives a function other code. It is called with it at once.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidParameterValueException` for what is no zip file, `PreconditionFailedException`
/// when the function has not the expected revision.
pub struct UpdateFunctionCode;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    function_name: FunctionName,
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    s3_object_version: Option<String>,
    s3_object_storage_mode: Option<String>,
    image_uri: Option<String>,
    architectures: Option<Vec<String>>,
    publish: Option<bool>,
    publish_to: Option<String>,
    dry_run: Option<bool>,
    revision_id: Option<String>,
    #[serde(rename = "SourceKMSKeyArn")]
    source_kms_key_arn: Option<String>,
}

impl Operation for UpdateFunctionCode {
    const NAME: &'static str = "UpdateFunctionCode";
    const HTTP: Http = Http::put("/2015-03-31/functions/{FunctionName}/code");
    const ACTION: Option<&'static str> = Some("lambda:UpdateFunctionCode");
    type Input = Input;
    type Output = FunctionConfiguration;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        first(&[
            ("S3ObjectVersion", input.s3_object_version.is_some()),
            (
                "S3ObjectStorageMode",
                refers(input.s3_object_storage_mode.as_deref()),
            ),
            ("ImageUri", input.image_uri.is_some()),
            ("Publish", input.publish == Some(true)),
            ("PublishTo", input.publish_to.is_some()),
            ("SourceKMSKeyArn", input.source_kms_key_arn.is_some()),
        ])
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        crate::lambda::resource(cx, &input.function_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<FunctionConfiguration, Fault> {
        let source = Source {
            within: "",
            zip_file: input.zip_file,
            s3_bucket: input.s3_bucket,
            s3_key: input.s3_key,
        };
        let update = CodeUpdate {
            zip: source.read(cx).await?,
            architecture: architecture(input.architectures),
            revision: input.revision_id,
            dry_run: input.dry_run.unwrap_or_default(),
        };
        let realm = cx.realm().await?;
        let function = functions::update_code(cx.deeds, &realm, &input.function_name, &update).await?;
        configuration(cx, &realm, function, false)
    }
}
