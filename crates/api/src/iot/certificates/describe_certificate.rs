use serde::{Deserialize, Serialize};
use thingsmith_core::transfers::{self, State, Transfer};
use thingsmith_core::{Fault, certificates};
use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus, Resource, Timestamp};

use super::Validity;
use crate::{Context, Http, Operation};

/// Reads a certificate.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this id.
pub struct DescribeCertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "super::id")]
    certificate_id: CertificateId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_description: Description,
}

/// AWS's `CertificateDescription`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    certificate_arn: String,
    certificate_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ca_certificate_id: Option<String>,
    status: CertificateStatus,
    certificate_pem: String,
    owned_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_owned_by: Option<String>,
    creation_date: f64,
    last_modified_date: f64,
    customer_version: i64,
    transfer_data: TransferData,
    generation_id: String,
    validity: Validity,
    certificate_mode: CertificateMode,
}

/// AWS's `TransferData`, which is there and empty when the certificate was never transferred.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct TransferData {
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transfer_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    accept_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reject_date: Option<f64>,
}

impl TransferData {
    fn new(transfer: Transfer) -> Self {
        let settled = |state| {
            transfer
                .settled_at
                .filter(|_| transfer.state == state)
                .map(Timestamp::as_seconds_f64)
        };
        Self {
            transfer_date: Some(transfer.sent_at.as_seconds_f64()),
            accept_date: settled(State::Accepted),
            reject_date: settled(State::Rejected),
            transfer_message: transfer.message,
            reject_reason: transfer.reject_reason,
        }
    }
}

impl Operation for DescribeCertificate {
    const NAME: &'static str = "DescribeCertificate";
    const HTTP: Http = Http::get("/certificates/{certificateId}");
    const ACTION: Option<&'static str> = Some("iot:DescribeCertificate");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Certificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let found = certificates::describe_certificate(cx.deeds, &realm, &input.certificate_id).await?;
        let transfer = transfers::transfer_of(cx.deeds, &realm, &found).await?;
        let certificate_description = Description {
            certificate_arn: cx.arn(Resource::Certificate(found.id)),
            certificate_id: found.id.to_string(),
            ca_certificate_id: found.ca.map(|ca| ca.to_string()),
            status: found.status,
            certificate_pem: found.pem(),
            owned_by: cx.caller.account.to_string(),
            previous_owned_by: found.previous_owner.as_ref().map(ToString::to_string),
            creation_date: found.created_at.as_seconds_f64(),
            last_modified_date: found.modified_at.as_seconds_f64(),
            customer_version: found.customer_version,
            transfer_data: transfer.map(TransferData::new).unwrap_or_default(),
            generation_id: found.generation_id.to_string(),
            validity: Validity::new(found.not_before, found.not_after),
            certificate_mode: found.mode,
        };
        Ok(Output {
            certificate_description,
        })
    }
}
