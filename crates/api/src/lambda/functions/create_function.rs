use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use thingsmith_core::functions::{self, FunctionName, NewFunction};
use thingsmith_core::{Fault, tags};

use super::configuration::{FunctionConfiguration, configuration};
use super::settings::{Environment, EphemeralStorage, Unanswered, asks, first};
use super::{Source, architecture, hand_over, layers, refers};
use crate::{Context, Http, Operation};

/// Creates a function from a zip file, in the request or in a bucket. The caller must be permitted to hand the role over (`iam:PassRole`), and the role
/// must trust `lambda.amazonaws.com`.
///
/// # Errors
/// `ResourceConflictException` if the name is taken, `InvalidParameterValueException` for what no function can be.
pub struct CreateFunction;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    function_name: FunctionName,
    runtime: Option<String>,
    role: String,
    handler: Option<String>,
    code: Code,
    description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    publish: Option<bool>,
    publish_to: Option<String>,
    package_type: Option<String>,
    environment: Option<Environment>,
    tags: Option<BTreeMap<String, String>>,
    code_signing_config_arn: Option<String>,
    architectures: Option<Vec<String>>,
    ephemeral_storage: Option<EphemeralStorage>,
    layers: Option<Vec<String>>,
    tenancy_config: Option<Value>,
    #[serde(flatten)]
    unanswered: Unanswered,
}

/// AWS's `FunctionCode`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Code {
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    s3_object_version: Option<String>,
    s3_object_storage_mode: Option<String>,
    image_uri: Option<String>,
    #[serde(rename = "SourceKMSKeyArn")]
    source_kms_key_arn: Option<String>,
}

impl Operation for CreateFunction {
    const NAME: &'static str = "CreateFunction";
    const HTTP: Http = Http::post("/2015-03-31/functions");
    const ACTION: Option<&'static str> = Some("lambda:CreateFunction");
    type Input = Input;
    type Output = FunctionConfiguration;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        let code = &input.code;
        let members = [
            ("Code.S3ObjectVersion", code.s3_object_version.is_some()),
            (
                "Code.S3ObjectStorageMode",
                refers(code.s3_object_storage_mode.as_deref()),
            ),
            ("Code.ImageUri", code.image_uri.is_some()),
            ("Code.SourceKMSKeyArn", code.source_kms_key_arn.is_some()),
            ("Publish", input.publish == Some(true)),
            ("PublishTo", input.publish_to.is_some()),
            ("PackageType", input.package_type.as_deref() == Some("Image")),
            ("CodeSigningConfigArn", input.code_signing_config_arn.is_some()),
            ("TenancyConfig", asks(input.tenancy_config.as_ref())),
        ];
        first(&members).or_else(|| input.unanswered.first())
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        crate::lambda::resource(cx, &input.function_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<FunctionConfiguration, Fault> {
        let (Some(runtime), Some(handler)) = (input.runtime, input.handler) else {
            return Err(Fault::invalid(
                "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
            ));
        };
        let tags = tags::checked("Tags", input.tags.unwrap_or_default())?;
        hand_over(cx, &input.role).await?;
        let source = Source {
            within: "Code.",
            zip_file: input.code.zip_file,
            s3_bucket: input.code.s3_bucket,
            s3_key: input.code.s3_key,
        };
        let zip = source.read(cx).await?;
        let layers = layers(cx, input.layers)?.unwrap_or_default();
        let realm = cx.realm().await?;
        let new = NewFunction {
            name: input.function_name.within(&realm)?.to_owned(),
            role_arn: input.role,
            runtime,
            handler,
            description: input.description.unwrap_or_default(),
            timeout_seconds: input.timeout.unwrap_or(3),
            memory_mib: input.memory_size.unwrap_or(128),
            storage_mib: input.ephemeral_storage.map_or(512, |it| it.size),
            architecture: architecture(input.architectures).unwrap_or_else(|| "x86_64".to_owned()),
            environment: input
                .environment
                .map(Environment::into_variables)
                .unwrap_or_default(),
            zip,
            layers,
            tags,
        };
        let function = functions::create_function(cx.deeds, &realm, new).await?;
        configuration(cx, &realm, function, false)
    }
}
