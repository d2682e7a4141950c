use serde::Deserialize;
use thingsmith_core::{Fault, certificates};
use thingsmith_model::{CertificateId, CertificateStatus, Resource};

use crate::{Context, Empty, Http, Operation};

/// Gives a certificate another status. One that leaves `ACTIVE` loses its connections.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such certificate, `CertificateStateException` if it is revoked,
/// `InvalidRequestException` for a status that only AWS itself gives.
pub struct UpdateCertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "super::id")]
    certificate_id: CertificateId,
    new_status: CertificateStatus,
}

impl Operation for UpdateCertificate {
    const NAME: &'static str = "UpdateCertificate";
    const HTTP: Http = Http::put("/certificates/{certificateId}");
    const ACTION: Option<&'static str> = Some("iot:UpdateCertificate");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Certificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        certificates::update_certificate(cx.deeds, &realm, &input.certificate_id, input.new_status).await?;
        Ok(Empty {})
    }
}
