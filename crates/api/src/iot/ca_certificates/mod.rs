//! Operations on CA certificates and on the code that registering one needs.

mod delete_ca_certificate;
mod delete_registration_code;
mod describe_ca_certificate;
mod get_registration_code;
mod list_ca_certificates;
mod register_ca_certificate;
mod update_ca_certificate;

use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;

use crate::{Context, auth};

pub use delete_ca_certificate::DeleteCACertificate;
pub use delete_registration_code::DeleteRegistrationCode;
pub use describe_ca_certificate::DescribeCACertificate;
pub use get_registration_code::GetRegistrationCode;
pub use list_ca_certificates::ListCACertificates;
pub use register_ca_certificate::RegisterCACertificate;
pub use update_ca_certificate::UpdateCACertificate;

/// AWS's `RegistrationConfig`.
#[derive(Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct RegistrationConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    template_body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template_name: Option<String>,
}

impl RegistrationConfig {
    /// Decides whether the caller may hand over the role that the template is to act by.
    async fn may_pass_role(&self, cx: &Context<'_>) -> Result<(), Fault> {
        match &self.role_arn {
            Some(role) => auth::may_pass_role(cx, "registrationConfig.roleArn", role, SERVICE).await,
            None => Ok(()),
        }
    }
}

/// The service that acts by a template's role.
const SERVICE: &str = "iot.amazonaws.com";

impl From<RegistrationConfig> for thingsmith_core::ca_certificates::RegistrationConfig {
    fn from(config: RegistrationConfig) -> Self {
        Self {
            template_body: config.template_body,
            role_arn: config.role_arn,
            template_name: config.template_name,
        }
    }
}
