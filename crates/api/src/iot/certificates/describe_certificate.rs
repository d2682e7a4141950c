use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, certificates};
use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus, Resource};

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

/// AWS's `CertificateDescription`, without what only transfers and registered CAs bring.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    certificate_arn: String,
    certificate_id: String,
    status: CertificateStatus,
    certificate_pem: String,
    owned_by: String,
    creation_date: f64,
    last_modified_date: f64,
    customer_version: i64,
    generation_id: String,
    validity: Validity,
    certificate_mode: CertificateMode,
}

/// AWS's `CertificateValidity`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Validity {
    not_before: f64,
    not_after: f64,
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
        let certificate_description = Description {
            certificate_arn: cx.arn(Resource::Certificate(found.id)),
            certificate_id: found.id.to_string(),
            status: found.status,
            certificate_pem: found.pem(),
            owned_by: cx.caller.account.to_string(),
            creation_date: found.created_at.as_seconds_f64(),
            last_modified_date: found.modified_at.as_seconds_f64(),
            customer_version: found.customer_version,
            generation_id: found.generation_id.to_string(),
            validity: Validity {
                not_before: found.not_before.as_seconds_f64(),
                not_after: found.not_after.as_seconds_f64(),
            },
            certificate_mode: found.mode,
        };
        Ok(Output {
            certificate_description,
        })
    }
}
