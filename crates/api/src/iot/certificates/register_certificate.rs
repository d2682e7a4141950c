use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, certificates};
use thingsmith_model::{CertificateStatus, Resource};

use crate::{Context, Http, Operation};

/// Registers a certificate that a registered CA signed.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the realm has the certificate, `CertificateValidationException` for what is no
/// certificate that AWS takes or whose signer is not registered, `CertificateConflictException` if several registered CAs
/// could have signed it, `CertificateStateException` if the CA certificate is not active, `InvalidRequestException` for a
/// status that only AWS itself gives.
pub struct RegisterCertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    certificate_pem: String,
    ca_certificate_pem: Option<String>,
    set_as_active: Option<bool>,
    status: Option<CertificateStatus>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_arn: String,
    certificate_id: String,
}

impl Operation for RegisterCertificate {
    const NAME: &'static str = "RegisterCertificate";
    const HTTP: Http = Http::post("/certificate/register");
    const ACTION: Option<&'static str> = Some("iot:RegisterCertificate");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // `setAsActive` is the deprecated way to say what `status` says.
        let status = input.status.unwrap_or_else(|| super::status(input.set_as_active));
        let realm = cx.realm().await?;
        let (pem, ca) = (&input.certificate_pem, input.ca_certificate_pem.as_deref());
        let made = certificates::register_certificate(cx.deeds, &realm, pem, ca, status).await?;
        Ok(Output {
            certificate_arn: cx.arn(Resource::Certificate(made.id)),
            certificate_id: made.id.to_string(),
        })
    }
}
