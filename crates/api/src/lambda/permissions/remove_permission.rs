use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::functions::{self, FunctionName};

use super::resource;
use crate::{Context, Empty, Http, Operation};

/// Takes a statement from the policy of a function.
///
/// # Errors
/// `ResourceNotFoundException`, `PreconditionFailedException` when the policy has not the expected revision.
pub struct RemovePermission;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    function_name: FunctionName,
    statement_id: String,
    qualifier: Option<String>,
    revision_id: Option<String>,
}

impl Operation for RemovePermission {
    const NAME: &'static str = "RemovePermission";
    const HTTP: Http = Http::delete("/2015-03-31/functions/{FunctionName}/policy/{StatementId}");
    const ACTION: Option<&'static str> = Some("lambda:RemovePermission");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        resource(cx, &input.function_name, input.qualifier.as_ref())
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let name = input.function_name.qualified(input.qualifier)?;
        let realm = cx.realm().await?;
        let revision = input.revision_id.as_deref();
        functions::remove_permission(cx.deeds, &realm, &name, &input.statement_id, revision).await?;
        Ok(Empty {})
    }
}
