use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::certificate_providers::{self, CertificateProviderUpdate};

use super::{arn, only};
use crate::{Context, Http, Operation};

/// Gives a certificate provider another function.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestException` for a function of another account or region.
pub struct UpdateCertificateProvider;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    certificate_provider_name: String,
    lambda_function_arn: Option<String>,
    account_default_for_operations: Option<Vec<String>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_provider_name: String,
    certificate_provider_arn: String,
}

impl Operation for UpdateCertificateProvider {
    const NAME: &'static str = "UpdateCertificateProvider";
    const HTTP: Http = Http::put("/certificate-providers/{certificateProviderName}");
    const ACTION: Option<&'static str> = Some("iot:UpdateCertificateProvider");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.certificate_provider_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let name = input.certificate_provider_name;
        let update = CertificateProviderUpdate {
            function_arn: input.lambda_function_arn,
            operation: input.account_default_for_operations.and_then(only),
        };
        certificate_providers::update_certificate_provider(cx.deeds, &realm, &name, &update).await?;
        Ok(Output {
            certificate_provider_arn: arn(cx, &name),
            certificate_provider_name: name,
        })
    }
}
