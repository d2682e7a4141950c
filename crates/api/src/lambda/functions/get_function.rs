use serde::Serialize;
use thingsmith_core::tags::Tags;
use thingsmith_core::{Fault, functions};

use super::Named;
use super::configuration::{FunctionConfiguration, configuration};
use crate::{Context, Http, Operation};

/// Reads a function: its configuration and its tags. No link to its code is given.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct GetFunction;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    configuration: FunctionConfiguration,
    code: Code,
    #[serde(skip_serializing_if = "Tags::is_empty")]
    tags: Tags,
}

/// AWS's `FunctionCodeLocation`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Code {
    repository_type: &'static str,
}

impl Operation for GetFunction {
    const NAME: &'static str = "GetFunction";
    const HTTP: Http = Http::get("/2015-03-31/functions/{FunctionName}");
    const ACTION: Option<&'static str> = Some("lambda:GetFunction");
    type Input = Named;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Named) -> Vec<String> {
        input.resource(cx)
    }

    async fn call(cx: &Context<'_>, input: Named) -> Result<Output, Fault> {
        let name = input.name()?;
        let realm = cx.realm().await?;
        let function = functions::function(cx.deeds, &realm, &name).await?;
        let tags = functions::tags_of(cx.deeds, &realm, &function).await?;
        Ok(Output {
            configuration: configuration(cx, &realm, function, name.qualifier.is_some())?,
            code: Code {
                repository_type: "S3",
            },
            tags,
        })
    }
}
