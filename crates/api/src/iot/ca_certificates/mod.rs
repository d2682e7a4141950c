//! Operations on CA certificates and on the code that registering one needs.

mod delete_ca_certificate;
mod delete_registration_code;
mod describe_ca_certificate;
mod get_registration_code;
mod list_ca_certificates;
mod register_ca_certificate;
mod update_ca_certificate;

use serde::{Deserialize, Serialize};

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

impl From<RegistrationConfig> for thingsmith_core::ca_certificates::RegistrationConfig {
    fn from(config: RegistrationConfig) -> Self {
        Self {
            template_body: config.template_body,
            role_arn: config.role_arn,
            template_name: config.template_name,
        }
    }
}
