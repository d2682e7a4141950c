use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, ca_certificates};
use thingsmith_model::{
    AutoRegistrationStatus, CaCertificateStatus, CertificateId, CertificateMode, Resource,
};

use super::RegistrationConfig;
use crate::iot::certificates::{self, Validity};
use crate::{Context, Http, Operation};

/// Reads a CA certificate.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this id.
pub struct DescribeCACertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "certificates::id")]
    certificate_id: CertificateId,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_description: Description,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_config: Option<RegistrationConfig>,
}

/// AWS's `CACertificateDescription`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    certificate_arn: String,
    certificate_id: String,
    status: CaCertificateStatus,
    certificate_pem: String,
    owned_by: String,
    creation_date: f64,
    auto_registration_status: AutoRegistrationStatus,
    last_modified_date: f64,
    customer_version: i64,
    generation_id: String,
    validity: Validity,
    certificate_mode: CertificateMode,
}

impl Operation for DescribeCACertificate {
    const NAME: &'static str = "DescribeCACertificate";
    const HTTP: Http = Http::get("/cacertificate/{caCertificateId}");
    const ACTION: Option<&'static str> = Some("iot:DescribeCACertificate");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::CaCertificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let found = ca_certificates::describe_ca_certificate(cx.deeds, &realm, &input.certificate_id).await?;
        let certificate_description = Description {
            certificate_arn: cx.arn(Resource::CaCertificate(found.id)),
            certificate_id: found.id.to_string(),
            status: found.status,
            certificate_pem: found.pem(),
            owned_by: cx.caller.account.to_string(),
            creation_date: found.created_at.as_seconds_f64(),
            auto_registration_status: found.auto_registration,
            last_modified_date: found.modified_at.as_seconds_f64(),
            customer_version: found.customer_version,
            generation_id: found.generation_id.to_string(),
            validity: Validity::new(found.not_before, found.not_after),
            certificate_mode: found.mode,
        };
        let config = found.registration_config;
        Ok(Output {
            certificate_description,
            registration_config: (!config.is_empty()).then_some(RegistrationConfig {
                template_body: config.template_body,
                role_arn: config.role_arn,
                template_name: config.template_name,
            }),
        })
    }
}
