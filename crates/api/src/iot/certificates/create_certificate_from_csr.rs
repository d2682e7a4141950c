use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, certificates};
use thingsmith_model::Resource;

use crate::{Context, Http, Operation};

/// Issues a certificate for the public key of a certificate signing request. The same request again gives another
/// certificate.
///
/// # Errors
/// `InvalidRequestException` for a request that is none, is not signed by its own key, or has a key that AWS does not take.
pub struct CreateCertificateFromCsr;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    certificate_signing_request: String,
    set_as_active: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_arn: String,
    certificate_id: String,
    certificate_pem: String,
}

impl Operation for CreateCertificateFromCsr {
    const NAME: &'static str = "CreateCertificateFromCsr";
    const HTTP: Http = Http::post("/certificates");
    const ACTION: Option<&'static str> = Some("iot:CreateCertificateFromCsr");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let status = super::status(input.set_as_active);
        let realm = cx.realm().await?;
        let csr = &input.certificate_signing_request;
        let made = certificates::create_certificate_from_csr(cx.deeds, &realm, csr, status).await?;
        Ok(Output {
            certificate_arn: cx.arn(Resource::Certificate(made.id)),
            certificate_id: made.id.to_string(),
            certificate_pem: made.pem(),
        })
    }
}
