use serde::Deserialize;
use thingsmith_core::{Fault, domain_configurations};

use super::arn;
use crate::{Context, Empty, Http, Operation};

/// Deletes a domain configuration that is disabled, and with a name that was made for it has been so for a week.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestException` while it must stay.
pub struct DeleteDomainConfiguration;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    domain_configuration_name: String,
}

impl Operation for DeleteDomainConfiguration {
    const NAME: &'static str = "DeleteDomainConfiguration";
    const HTTP: Http = Http::delete("/domainConfigurations/{domainConfigurationName}");
    const ACTION: Option<&'static str> = Some("iot:DeleteDomainConfiguration");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.domain_configuration_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let name = &input.domain_configuration_name;
        domain_configurations::delete_domain_configuration(cx.deeds, &realm, name).await?;
        Ok(Empty {})
    }
}
