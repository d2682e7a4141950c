//! Operations on domain configurations.

mod create_domain_configuration;
mod delete_domain_configuration;
mod describe_domain_configuration;
mod list_domain_configurations;
mod update_domain_configuration;

use serde::{Deserialize, Serialize};
use thingsmith_core::domain_configurations::{self, Requested};

pub use create_domain_configuration::CreateDomainConfiguration;
pub use delete_domain_configuration::DeleteDomainConfiguration;
pub use describe_domain_configuration::DescribeDomainConfiguration;
pub use list_domain_configurations::ListDomainConfigurations;
pub use update_domain_configuration::UpdateDomainConfiguration;

use crate::Context;

/// The ARN of the caller's domain configuration of this name.
fn arn(cx: &Context<'_>, name: &str) -> String {
    cx.arn(domain_configurations::resource(
        &cx.caller.account,
        cx.region,
        name,
    ))
}

/// AWS's `AuthorizerConfig`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuthorizerConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    default_authorizer_name: Option<String>,
    allow_authorizer_override: Option<bool>,
}

/// AWS's `TlsConfig`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct TlsConfig {
    security_policy: Option<String>,
}

/// AWS's `ServerCertificateConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ServerCertificateConfig {
    #[serde(rename = "enableOCSPCheck")]
    enable_ocsp_check: Option<bool>,
    ocsp_lambda_arn: Option<String>,
    ocsp_authorized_responder_arn: Option<String>,
}

/// AWS's `ClientCertificateConfig`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ClientCertificateConfig {
    client_certificate_callback_arn: Option<String>,
}

/// The members that CreateDomainConfiguration and UpdateDomainConfiguration share.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Shared {
    authorizer_config: Option<AuthorizerConfig>,
    tls_config: Option<TlsConfig>,
    server_certificate_config: Option<ServerCertificateConfig>,
    authentication_type: Option<String>,
    application_protocol: Option<String>,
    client_certificate_config: Option<ClientCertificateConfig>,
}

impl Shared {
    fn requested(self) -> Requested {
        let certificate = self.server_certificate_config.as_ref();
        let said = |arn: &Option<String>| arn.as_deref().is_some_and(|arn| !arn.is_empty());
        Requested {
            ocsp_check: certificate.and_then(|it| it.enable_ocsp_check),
            ocsp_mentioned: certificate.is_some(),
            ocsp_stapling: certificate
                .is_some_and(|it| said(&it.ocsp_lambda_arn) || said(&it.ocsp_authorized_responder_arn)),
            authorizer: self
                .authorizer_config
                .map(|it| (it.default_authorizer_name, it.allow_authorizer_override)),
            tls: self.tls_config.map(|it| it.security_policy),
            authentication: self.authentication_type,
            protocol: self.application_protocol,
            callback: self
                .client_certificate_config
                .and_then(|it| it.client_certificate_callback_arn),
        }
    }
}
