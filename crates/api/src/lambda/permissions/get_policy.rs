use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::functions::{self, FunctionName};

use super::resource;
use crate::{Context, Http, Operation};

/// Reads the policy of a function.
///
/// # Errors
/// `ResourceNotFoundException` also for a function that has no policy.
pub struct GetPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    function_name: FunctionName,
    qualifier: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policy: String,
    revision_id: String,
}

impl Operation for GetPolicy {
    const NAME: &'static str = "GetPolicy";
    const HTTP: Http = Http::get("/2015-03-31/functions/{FunctionName}/policy");
    const ACTION: Option<&'static str> = Some("lambda:GetPolicy");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        resource(cx, &input.function_name, input.qualifier.as_ref())
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let name = input.function_name.qualified(input.qualifier)?;
        let realm = cx.realm().await?;
        let (policy, revision_id) = functions::policy(cx.deeds, &realm, &name).await?;
        Ok(Output { policy, revision_id })
    }
}
