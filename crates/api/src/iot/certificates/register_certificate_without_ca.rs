use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, certificates};
use thingsmith_model::{CertificateStatus, Resource};

use crate::{Context, Http, Operation};

/// Registers a certificate whose issuer is not registered. Who signed it is not asked: whoever has its key connects, with
/// the server name of this realm.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the realm has the certificate, `CertificateValidationException` for what is no
/// certificate that AWS takes, `InvalidRequestException` for a status that only AWS itself gives.
pub struct RegisterCertificateWithoutCA;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    certificate_pem: String,
    status: Option<CertificateStatus>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_arn: String,
    certificate_id: String,
}

impl Operation for RegisterCertificateWithoutCA {
    const NAME: &'static str = "RegisterCertificateWithoutCA";
    const HTTP: Http = Http::post("/certificate/register-no-ca");
    const ACTION: Option<&'static str> = Some("iot:RegisterCertificateWithoutCA");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // AWS IoT developer guide, "Register a client certificate": inactive when nothing is said.
        let status = input.status.unwrap_or(CertificateStatus::Inactive);
        let realm = cx.realm().await?;
        let pem = &input.certificate_pem;
        let made = certificates::register_certificate_without_ca(cx.deeds, &realm, pem, status).await?;
        Ok(Output {
            certificate_arn: cx.arn(Resource::Certificate(made.id)),
            certificate_id: made.id.to_string(),
        })
    }
}
