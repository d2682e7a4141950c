use serde::Serialize;
use thingsmith_core::{Fault, functions};

use super::Named;
use crate::{Context, Http, Operation};

/// Deletes a function with its code and its policy. Calls under way go on.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct DeleteFunction;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    status_code: u16,
}

impl Operation for DeleteFunction {
    const NAME: &'static str = "DeleteFunction";
    const HTTP: Http = Http::delete("/2015-03-31/functions/{FunctionName}");
    const ACTION: Option<&'static str> = Some("lambda:DeleteFunction");
    type Input = Named;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Named) -> Vec<String> {
        input.resource(cx)
    }

    async fn call(cx: &Context<'_>, input: Named) -> Result<Output, Fault> {
        let name = input.name()?;
        if name.qualifier.is_some() {
            // Lambda API reference, DeleteFunction: $LATEST goes with the whole function alone.
            return Err(Fault::invalid(
                "$LATEST version cannot be deleted without deleting the function.",
            ));
        }
        let realm = cx.realm().await?;
        functions::delete_function(cx.deeds, &realm, &name).await?;
        Ok(Output { status_code: 204 })
    }
}
