use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::domain_configurations::{self, NewDomainConfiguration};

use super::{Shared, arn};
use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Gives the account a further name by which devices reach it: a domain of its own, or one that is made for it.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the name, or the domain in any account, is taken; `LimitExceededException`;
/// `CertificateValidationException` for a certificate of another account or region; `InvalidRequestException`.
pub struct CreateDomainConfiguration;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    domain_configuration_name: String,
    domain_name: Option<String>,
    server_certificate_arns: Option<Vec<String>>,
    validation_certificate_arn: Option<String>,
    service_type: Option<String>,
    tags: Option<Vec<Tag>>,
    #[serde(flatten)]
    shared: Shared,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    domain_configuration_name: String,
    domain_configuration_arn: String,
}

impl Operation for CreateDomainConfiguration {
    const NAME: &'static str = "CreateDomainConfiguration";
    const HTTP: Http = Http::post("/domainConfigurations/{domainConfigurationName}");
    const ACTION: Option<&'static str> = Some("iot:CreateDomainConfiguration");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.domain_configuration_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        // API reference: the only type that a configuration can be made for.
        if let Some(other) = input.service_type.filter(|kind| kind != "DATA") {
            return Err(Fault::invalid(format!(
                "serviceType {other} is not supported, only DATA is."
            )));
        }
        let new = NewDomainConfiguration {
            name: input.domain_configuration_name,
            domain_name: input.domain_name,
            server_certificates: input.server_certificate_arns.unwrap_or_default(),
            validation_certificate: input.validation_certificate_arn,
            requested: input.shared.requested(),
            tags: tags::checked(input.tags)?,
        };
        let realm = cx.realm().await?;
        let made =
            domain_configurations::create_domain_configuration(cx.deeds, &realm, new, &cx.config.domain)
                .await?;
        Ok(Output {
            domain_configuration_arn: arn(cx, &made.name),
            domain_configuration_name: made.name,
        })
    }
}
