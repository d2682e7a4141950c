//! Operations on functions.

mod configuration;
mod create_function;
mod delete_function;
mod get_function;
mod get_function_configuration;
mod invoke;
mod list_functions;
pub(super) mod settings;
mod update_function_code;
mod update_function_configuration;

pub use create_function::CreateFunction;
pub use delete_function::DeleteFunction;
pub use get_function::GetFunction;
pub use get_function_configuration::GetFunctionConfiguration;
pub use invoke::Invoke;
pub use list_functions::ListFunctions;
pub use update_function_code::UpdateFunctionCode;
pub use update_function_configuration::UpdateFunctionConfiguration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::functions::{FunctionName, SERVICE, code_in_bucket};
use thingsmith_core::layers::LayerVersionName;
use thingsmith_policy::Verdict;

use crate::Context;
use crate::auth::{may_pass_role, refused};

/// The input of an operation that names a function and nothing else.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Named {
    function_name: FunctionName,
    qualifier: Option<String>,
}

impl Named {
    fn name(self) -> Result<FunctionName, Fault> {
        self.function_name.qualified(self.qualifier)
    }

    /// For the permission, which is decided before the two are compared.
    fn resource(&self, cx: &Context<'_>) -> Vec<String> {
        let name = self.function_name.clone();
        let name = name.qualified(self.qualifier.clone());
        super::resource(cx, name.as_ref().unwrap_or(&self.function_name))
    }
}

/// Decides whether the caller may hand the role over to functions.
async fn hand_over(cx: &Context<'_>, role_arn: &str) -> Result<(), Fault> {
    may_pass_role(cx, "Role", role_arn, SERVICE).await
}

/// The layers that a list of ARNs names. The caller must be permitted to read each (Lambda guide, "Working with layers").
fn layers(cx: &Context<'_>, given: Option<Vec<String>>) -> Result<Option<Vec<LayerVersionName>>, Fault> {
    const ACTION: &str = "lambda:GetLayerVersion";
    let Some(arns) = given else { return Ok(None) };
    let mut names = Vec::new();
    for arn in arns {
        let own = cx.caller.verdict(cx.facts, ACTION, &arn);
        if own != Verdict::Allowed {
            return Err(refused(cx.caller, ACTION, &arn, own));
        }
        names.push(arn.parse()?);
    }
    Ok(Some(names))
}

/// Where a zip file is: in the request, or in a bucket.
pub(super) struct Source {
    /// What stands before the names of the members.
    pub(super) within: &'static str,
    pub(super) zip_file: Option<String>,
    pub(super) s3_bucket: Option<String>,
    pub(super) s3_key: Option<String>,
}

impl Source {
    /// Reads the zip file. From a bucket the caller must be permitted to read it (`s3:GetObject`; Lambda API reference,
    /// CreateFunction).
    pub(super) async fn read(self, cx: &Context<'_>) -> Result<Bytes, Fault> {
        const ACTION: &str = "s3:GetObject";
        let within = self.within;
        match (self.zip_file, self.s3_bucket, self.s3_key) {
            (Some(text), None, None) => STANDARD
                .decode(text)
                .map(Bytes::from)
                .map_err(|_| Fault::invalid(format!("{within}ZipFile is not base64."))),
            (None, Some(bucket), Some(key)) => {
                let arn = format!("arn:aws:s3:::{bucket}/{key}");
                let own = cx.caller.verdict(cx.facts, ACTION, &arn);
                if own != Verdict::Allowed {
                    return Err(refused(cx.caller, ACTION, &arn, own));
                }
                code_in_bucket(cx.deeds, &*cx.realm().await?, &bucket, &key).await
            }
            (Some(_), ..) => Err(Fault::invalid(format!(
                "Please do not provide {within}S3Bucket or {within}S3Key beside {within}ZipFile."
            ))),
            (None, None, None) => Err(Fault::invalid(format!(
                "{within}ZipFile is missing: please provide a source for function code."
            ))),
            (None, ..) => Err(Fault::invalid(format!(
                "Please provide both {within}S3Bucket and {within}S3Key."
            ))),
        }
    }
}

/// Whether the object itself is to be used at each call, and not a copy of it as it is now.
pub(super) fn refers(storage_mode: Option<&str>) -> bool {
    storage_mode.is_some_and(|mode| mode != "COPY")
}

/// The one architecture of a list.
fn architecture(given: Option<Vec<String>>) -> Option<String> {
    given.and_then(|list| list.into_iter().next())
}
