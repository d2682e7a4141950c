use serde::Deserialize;
use thingsmith_core::{Fault, transfers};
use thingsmith_model::{CertificateId, Resource};

use crate::iot::certificates;
use crate::{Context, Empty, Http, Operation};

/// Takes back a certificate that was sent to another account.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this id, `TransferAlreadyCompletedException` if its transfer has ended,
/// `InvalidRequestException` if it does not go to another account.
pub struct CancelCertificateTransfer;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "certificates::id")]
    certificate_id: CertificateId,
}

impl Operation for CancelCertificateTransfer {
    const NAME: &'static str = "CancelCertificateTransfer";
    const HTTP: Http = Http::patch("/cancel-certificate-transfer/{certificateId}");
    const ACTION: Option<&'static str> = Some("iot:CancelCertificateTransfer");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Certificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        transfers::cancel_certificate_transfer(cx.deeds, &realm, &input.certificate_id).await?;
        Ok(Empty {})
    }
}
