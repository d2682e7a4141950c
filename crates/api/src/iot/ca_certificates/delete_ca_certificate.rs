use serde::Deserialize;
use thingsmith_core::{Fault, ca_certificates};
use thingsmith_model::{CertificateId, Resource};

use crate::iot::certificates;
use crate::{Context, Empty, Http, Operation};

/// Deletes a CA certificate that is not active. Certificates that were registered under it stay.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this id, `CertificateStateException` while it is active.
pub struct DeleteCACertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "certificates::id")]
    certificate_id: CertificateId,
}

impl Operation for DeleteCACertificate {
    const NAME: &'static str = "DeleteCACertificate";
    const HTTP: Http = Http::delete("/cacertificate/{caCertificateId}");
    const ACTION: Option<&'static str> = Some("iot:DeleteCACertificate");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::CaCertificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        ca_certificates::delete_ca_certificate(cx.deeds, &realm, &input.certificate_id).await?;
        Ok(Empty {})
    }
}
