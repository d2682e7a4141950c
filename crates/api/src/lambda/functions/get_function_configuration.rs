use thingsmith_core::{Fault, functions};

use super::Named;
use super::configuration::{FunctionConfiguration, configuration};
use crate::{Context, Http, Operation};

/// Reads the configuration of a function.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct GetFunctionConfiguration;

impl Operation for GetFunctionConfiguration {
    const NAME: &'static str = "GetFunctionConfiguration";
    const HTTP: Http = Http::get("/2015-03-31/functions/{FunctionName}/configuration");
    const ACTION: Option<&'static str> = Some("lambda:GetFunctionConfiguration");
    type Input = Named;
    type Output = FunctionConfiguration;

    fn resources(cx: &Context<'_>, input: &Named) -> Vec<String> {
        input.resource(cx)
    }

    async fn call(cx: &Context<'_>, input: Named) -> Result<FunctionConfiguration, Fault> {
        let name = input.name()?;
        let realm = cx.realm().await?;
        let function = functions::function(cx.deeds, &realm, &name).await?;
        configuration(cx, &realm, function, name.qualifier.is_some())
    }
}
