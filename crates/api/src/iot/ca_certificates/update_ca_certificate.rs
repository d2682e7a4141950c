use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::ca_certificates::{self, CaUpdate};
use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateId, Resource};

use super::RegistrationConfig;
use crate::iot::certificates;
use crate::{Context, Empty, Http, Operation};

/// Changes a CA certificate's status and what becomes of devices that first connect.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this id or the template is not there, `InvalidRequestException` for
/// members that do not go together.
pub struct UpdateCACertificate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    #[serde(deserialize_with = "certificates::id")]
    certificate_id: CertificateId,
    new_status: Option<CaCertificateStatus>,
    new_auto_registration_status: Option<AutoRegistrationStatus>,
    registration_config: Option<RegistrationConfig>,
    remove_auto_registration: Option<bool>,
}

impl Operation for UpdateCACertificate {
    const NAME: &'static str = "UpdateCACertificate";
    const HTTP: Http = Http::put("/cacertificate/{caCertificateId}");
    const ACTION: Option<&'static str> = Some("iot:UpdateCACertificate");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::CaCertificate(input.certificate_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let registration_config = input.registration_config.unwrap_or_default();
        registration_config.may_pass_role(cx).await?;
        let update = CaUpdate {
            status: input.new_status,
            auto_registration: input.new_auto_registration_status,
            registration_config: registration_config.into(),
            remove_auto_registration: input.remove_auto_registration.unwrap_or_default(),
        };
        let realm = cx.realm().await?;
        ca_certificates::update_ca_certificate(cx.deeds, &realm, &input.certificate_id, &update).await?;
        Ok(Empty {})
    }
}
