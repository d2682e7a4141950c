use serde::Deserialize;
use thingsmith_core::{Fault, certificates};
use thingsmith_model::{CertificateId, Resource};

use crate::{Context, Empty, Http, Operation};

/// Deletes a certificate that is not active and attached to no thing; `forceDelete` detaches its policies.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such certificate, `CertificateStateException` while it is active,
/// `DeleteConflictException` while something is attached to it.
pub struct DeleteCertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "super::id")]
    certificate_id: CertificateId,
    force_delete: Option<bool>,
}

impl Operation for DeleteCertificate {
    const NAME: &'static str = "DeleteCertificate";
    const HTTP: Http = Http::delete("/certificates/{certificateId}");
    const ACTION: Option<&'static str> = Some("iot:DeleteCertificate");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Certificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let force = input.force_delete.unwrap_or_default();
        certificates::delete_certificate(cx.deeds, &realm, &input.certificate_id, force).await?;
        Ok(Empty {})
    }
}
