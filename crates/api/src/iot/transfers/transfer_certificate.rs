use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, transfers};
use thingsmith_model::{Account, CertificateId, Resource};

use crate::iot::certificates;
use crate::{Context, Http, Operation};

/// Offers an inactive certificate, on which nothing hangs, to another account.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this id, `CertificateStateException` if it is not inactive,
/// `TransferConflictException` while something is attached to it or if the other account has it,
/// `InvalidRequestException` for the own account.
pub struct TransferCertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "certificates::id")]
    certificate_id: CertificateId,
    target_aws_account: Account,
    transfer_message: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    transferred_certificate_arn: String,
}

impl Operation for TransferCertificate {
    const NAME: &'static str = "TransferCertificate";
    const HTTP: Http = Http::patch("/transfer-certificate/{certificateId}");
    const ACTION: Option<&'static str> = Some("iot:TransferCertificate");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Certificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (id, target) = (&input.certificate_id, &input.target_aws_account);
        let message = input.transfer_message.as_deref();
        let arn = transfers::transfer_certificate(cx.deeds, &realm, id, target, message).await?;
        Ok(Output {
            transferred_certificate_arn: arn,
        })
    }
}
