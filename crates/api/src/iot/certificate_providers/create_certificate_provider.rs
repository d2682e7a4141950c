use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::certificate_providers::{self, NewCertificateProvider};

use super::{arn, only};
use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Creates the account's certificate provider: from now on its function signs what devices ask for over MQTT.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the name is taken, `LimitExceededException` if there is one of another name,
/// `InvalidRequestException` for a function of another account or region.
pub struct CreateCertificateProvider;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    certificate_provider_name: String,
    lambda_function_arn: String,
    account_default_for_operations: Vec<String>,
    client_token: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_provider_name: String,
    certificate_provider_arn: String,
}

impl Operation for CreateCertificateProvider {
    const NAME: &'static str = "CreateCertificateProvider";
    const HTTP: Http = Http::post("/certificate-providers/{certificateProviderName}");
    const ACTION: Option<&'static str> = Some("iot:CreateCertificateProvider");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.certificate_provider_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let tags = tags::checked(input.tags)?;
        let operation = only(input.account_default_for_operations)
            .ok_or_else(|| Fault::invalid("accountDefaultForOperations must name one operation."))?;
        let realm = cx.realm().await?;
        let new = NewCertificateProvider {
            name: input.certificate_provider_name,
            function_arn: input.lambda_function_arn,
            operation,
            client_token: input.client_token,
            tags,
        };
        let made = certificate_providers::create_certificate_provider(cx.deeds, &realm, new).await?;
        Ok(Output {
            certificate_provider_arn: made.arn(&realm).to_string(),
            certificate_provider_name: made.name,
        })
    }
}
