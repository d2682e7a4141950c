use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::ca_certificates::{self, NewCaCertificate};
use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateMode, Resource};

use super::RegistrationConfig;
use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Registers a CA certificate, so that certificates that it signed can be.
///
/// # Errors
/// `CertificateValidationException` for what is no CA certificate or a verification certificate that it did not sign,
/// `RegistrationCodeValidationException` for one with another code, `ResourceAlreadyExistsException` when it is taken,
/// `LimitExceededException` for an eleventh with the same subject, `ResourceNotFoundException` for a template that is not
/// there, `InvalidRequestException` for members that do not go together.
pub struct RegisterCACertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    ca_certificate: String,
    verification_certificate: Option<String>,
    set_as_active: Option<bool>,
    allow_auto_registration: Option<bool>,
    registration_config: Option<RegistrationConfig>,
    tags: Option<Vec<Tag>>,
    certificate_mode: Option<CertificateMode>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    certificate_arn: String,
    certificate_id: String,
}

impl Operation for RegisterCACertificate {
    const NAME: &'static str = "RegisterCACertificate";
    const HTTP: Http = Http::post("/cacertificate");
    const ACTION: Option<&'static str> = Some("iot:RegisterCACertificate");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let registration_config = input.registration_config.unwrap_or_default();
        registration_config.may_pass_role(cx).await?;
        let new = NewCaCertificate {
            certificate: input.ca_certificate,
            verification: input.verification_certificate,
            mode: input.certificate_mode.unwrap_or(CertificateMode::Default),
            // AWS IoT developer guide, "Manage your CA certificates": inactive and without auto registration.
            status: match input.set_as_active {
                Some(true) => CaCertificateStatus::Active,
                Some(false) | None => CaCertificateStatus::Inactive,
            },
            auto_registration: match input.allow_auto_registration {
                Some(true) => AutoRegistrationStatus::Enable,
                Some(false) | None => AutoRegistrationStatus::Disable,
            },
            registration_config: registration_config.into(),
            tags: tags::checked(input.tags)?,
        };
        let realm = cx.realm().await?;
        let made = ca_certificates::register_ca_certificate(cx.deeds, &realm, new).await?;
        Ok(Output {
            certificate_arn: cx.arn(Resource::CaCertificate(made.id)),
            certificate_id: made.id.to_string(),
        })
    }
}
