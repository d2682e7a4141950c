use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, certificate_providers};

use super::arn;
use crate::{Context, Http, Operation};

/// Reads a certificate provider.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct DescribeCertificateProvider;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    certificate_provider_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_provider_name: String,
    certificate_provider_arn: String,
    lambda_function_arn: String,
    account_default_for_operations: Vec<String>,
    creation_date: f64,
    last_modified_date: f64,
}

impl Operation for DescribeCertificateProvider {
    const NAME: &'static str = "DescribeCertificateProvider";
    const HTTP: Http = Http::get("/certificate-providers/{certificateProviderName}");
    const ACTION: Option<&'static str> = Some("iot:DescribeCertificateProvider");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.certificate_provider_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let name = &input.certificate_provider_name;
        let found = certificate_providers::certificate_provider(cx.deeds, &realm, name).await?;
        Ok(Output {
            certificate_provider_arn: found.arn(&realm).to_string(),
            certificate_provider_name: found.name,
            lambda_function_arn: found.function_arn,
            account_default_for_operations: vec![found.operation],
            creation_date: found.created_at.as_seconds_f64(),
            last_modified_date: found.modified_at.as_seconds_f64(),
        })
    }
}
