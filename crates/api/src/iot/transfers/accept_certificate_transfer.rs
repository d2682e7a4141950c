use serde::Deserialize;
use thingsmith_core::{Fault, transfers};
use thingsmith_model::{CertificateId, Resource};

use crate::iot::certificates;
use crate::{Context, Empty, Http, Operation};

/// Takes a certificate that another account sent.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this id, `TransferAlreadyCompletedException` if its transfer has ended,
/// `InvalidRequestException` if it does not come from another account.
pub struct AcceptCertificateTransfer;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "certificates::id")]
    certificate_id: CertificateId,
    set_as_active: Option<bool>,
}

impl Operation for AcceptCertificateTransfer {
    const NAME: &'static str = "AcceptCertificateTransfer";
    const HTTP: Http = Http::patch("/accept-certificate-transfer/{certificateId}");
    const ACTION: Option<&'static str> = Some("iot:AcceptCertificateTransfer");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Certificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let status = certificates::status(input.set_as_active);
        let realm = cx.realm().await?;
        transfers::accept_certificate_transfer(cx.deeds, &realm, &input.certificate_id, status).await?;
        Ok(Empty {})
    }
}
