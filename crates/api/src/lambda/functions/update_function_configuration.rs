use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::functions::{self, FunctionName, FunctionUpdate};

use super::configuration::{FunctionConfiguration, configuration};
use super::settings::{Environment, EphemeralStorage, Unanswered};
use super::{hand_over, layers};
use crate::{Context, Http, Operation};

/// Changes the configuration of a function. For another role, the caller must be permitted to hand it over.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidParameterValueException` for what no function can be,
/// `PreconditionFailedException` when the function has not the expected revision.
pub struct UpdateFunctionConfiguration;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    function_name: FunctionName,
    role: Option<String>,
    handler: Option<String>,
    description: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Environment>,
    runtime: Option<String>,
    revision_id: Option<String>,
    ephemeral_storage: Option<EphemeralStorage>,
    layers: Option<Vec<String>>,
    #[serde(flatten)]
    unanswered: Unanswered,
}

impl Operation for UpdateFunctionConfiguration {
    const NAME: &'static str = "UpdateFunctionConfiguration";
    const HTTP: Http = Http::put("/2015-03-31/functions/{FunctionName}/configuration");
    const ACTION: Option<&'static str> = Some("lambda:UpdateFunctionConfiguration");
    type Input = Input;
    type Output = FunctionConfiguration;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        input.unanswered.first()
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        crate::lambda::resource(cx, &input.function_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<FunctionConfiguration, Fault> {
        if let Some(role) = &input.role {
            hand_over(cx, role).await?;
        }
        let update = FunctionUpdate {
            role_arn: input.role,
            runtime: input.runtime,
            handler: input.handler,
            description: input.description,
            timeout_seconds: input.timeout,
            memory_mib: input.memory_size,
            storage_mib: input.ephemeral_storage.map(|it| it.size),
            environment: input.environment.map(Environment::into_variables),
            layers: layers(cx, input.layers)?,
            revision: input.revision_id,
        };
        let realm = cx.realm().await?;
        let function =
            functions::update_configuration(cx.deeds, &realm, &input.function_name, &update).await?;
        configuration(cx, &realm, function, false)
    }
}
