use serde::Deserialize;
use thingsmith_core::{Fault, certificate_providers};

use super::arn;
use crate::{Context, Empty, Http, Operation};

/// Deletes a certificate provider: the server's own authority signs again.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct DeleteCertificateProvider;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    certificate_provider_name: String,
}

impl Operation for DeleteCertificateProvider {
    const NAME: &'static str = "DeleteCertificateProvider";
    const HTTP: Http = Http::delete("/certificate-providers/{certificateProviderName}");
    const ACTION: Option<&'static str> = Some("iot:DeleteCertificateProvider");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.certificate_provider_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let name = &input.certificate_provider_name;
        certificate_providers::delete_certificate_provider(cx.deeds, &realm, name).await?;
        Ok(Empty {})
    }
}
