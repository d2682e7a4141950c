use serde::Deserialize;
use thingsmith_core::{Fault, transfers};
use thingsmith_model::{CertificateId, Resource};

use crate::iot::certificates;
use crate::{Context, Empty, Http, Operation};

/// Sends back a certificate that another account sent.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this id, `TransferAlreadyCompletedException` if its transfer has ended,
/// `InvalidRequestException` if it does not come from another account.
pub struct RejectCertificateTransfer;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "certificates::id")]
    certificate_id: CertificateId,
    reject_reason: Option<String>,
}

impl Operation for RejectCertificateTransfer {
    const NAME: &'static str = "RejectCertificateTransfer";
    const HTTP: Http = Http::patch("/reject-certificate-transfer/{certificateId}");
    const ACTION: Option<&'static str> = Some("iot:RejectCertificateTransfer");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Certificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let (id, reason) = (&input.certificate_id, input.reject_reason.as_deref());
        transfers::reject_certificate_transfer(cx.deeds, &realm, id, reason).await?;
        Ok(Empty {})
    }
}
