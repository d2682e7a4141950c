use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thingsmith_core::Fault;
use thingsmith_core::domain_configurations::{self, DATA_ATS, DomainConfiguration, OF_AWS, Speech};

use super::{AuthorizerConfig, TlsConfig, arn};
use crate::iot::endpoints;
use crate::{Context, Http, Operation};

/// Reads a domain configuration.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct DescribeDomainConfiguration;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    domain_configuration_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    domain_configuration_name: String,
    domain_configuration_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain_name: Option<String>,
    server_certificates: Vec<ServerCertificate>,
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizer_config: Option<AuthorizerConfig>,
    domain_configuration_status: &'static str,
    service_type: &'static str,
    domain_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_status_change_date: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tls_config: Option<TlsConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_certificate_config: Option<Value>,
    authentication_type: &'static str,
    application_protocol: &'static str,
}

/// AWS's `ServerCertificateSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServerCertificate {
    server_certificate_arn: String,
    server_certificate_status: &'static str,
    server_certificate_status_detail: &'static str,
}

impl Operation for DescribeDomainConfiguration {
    const NAME: &'static str = "DescribeDomainConfiguration";
    const HTTP: Http = Http::get("/domainConfigurations/{domainConfigurationName}");
    const ACTION: Option<&'static str> = Some("iot:DescribeDomainConfiguration");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.domain_configuration_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let name = input.domain_configuration_name;
        if let Some((_, kind)) = OF_AWS.iter().find(|(own, _)| *own == name) {
            return of_aws(cx, name, kind).await;
        }
        let realm = cx.realm().await?;
        let found = domain_configurations::domain_configuration(cx.deeds, &realm, &name).await?;
        Ok(made(cx, found))
    }
}

/// One of AWS's own. There is an endpoint for data alone; the others cannot be reached.
async fn of_aws(cx: &Context<'_>, name: String, service_type: &'static str) -> Result<Output, Fault> {
    let (mut domain_name, mut tls_config) = (None, None);
    if name == DATA_ATS {
        let realm = cx.realm().await?;
        let policy = domain_configurations::default_security_policy(cx.deeds, &realm).await?;
        domain_name = Some(endpoints::data_endpoint(cx, "-ats").await?);
        tls_config = Some(TlsConfig {
            security_policy: Some(policy.name().to_owned()),
        });
    }
    let (authentication_type, application_protocol) = Speech::Default.names();
    Ok(Output {
        domain_configuration_arn: arn(cx, &name),
        domain_configuration_name: name,
        domain_configuration_status: status(domain_name.is_some()),
        domain_name,
        server_certificates: Vec::new(),
        authorizer_config: None,
        service_type,
        domain_type: "ENDPOINT",
        last_status_change_date: None,
        tls_config,
        server_certificate_config: None,
        authentication_type,
        application_protocol,
    })
}

/// One that the account has made.
fn made(cx: &Context<'_>, found: DomainConfiguration) -> Output {
    let settings = found.settings;
    let (authentication_type, application_protocol) = settings.speech.names();
    let domain_type = match settings.customer_domain {
        Some(_) => "CUSTOMER_MANAGED",
        None => "AWS_MANAGED",
    };
    let certificate = |arn: String| ServerCertificate {
        server_certificate_arn: arn,
        server_certificate_status: "VALID",
        server_certificate_status_detail: "This server shows a certificate of its own authority for the domain.",
    };
    Output {
        domain_configuration_arn: arn(cx, &found.name),
        domain_configuration_name: found.name,
        domain_name: Some(settings.customer_domain.unwrap_or(found.domain)),
        server_certificates: settings.server_certificate.map(certificate).into_iter().collect(),
        authorizer_config: settings.authorizer_override.map(|allow| AuthorizerConfig {
            default_authorizer_name: None,
            allow_authorizer_override: Some(allow),
        }),
        domain_configuration_status: status(found.enabled),
        service_type: "DATA",
        domain_type,
        last_status_change_date: Some(found.changed_at.as_seconds_f64()),
        tls_config: Some(TlsConfig {
            security_policy: Some(settings.security_policy.name().to_owned()),
        }),
        server_certificate_config: settings.ocsp_mentioned.then(|| json!({"enableOCSPCheck": false})),
        authentication_type,
        application_protocol,
    }
}

fn status(enabled: bool) -> &'static str {
    if enabled { "ENABLED" } else { "DISABLED" }
}
