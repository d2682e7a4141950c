use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::domain_configurations::{self, DomainConfigurationUpdate};

use super::{Shared, arn};
use crate::{Context, Http, Operation};

/// Changes what is spoken by a name, or whether devices may come by it.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestException` for what does not exist, does not go together or cannot be
/// changed.
pub struct UpdateDomainConfiguration;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    domain_configuration_name: String,
    domain_configuration_status: Option<String>,
    remove_authorizer_config: Option<bool>,
    #[serde(flatten)]
    shared: Shared,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    domain_configuration_name: String,
    domain_configuration_arn: String,
}

impl Operation for UpdateDomainConfiguration {
    const NAME: &'static str = "UpdateDomainConfiguration";
    const HTTP: Http = Http::put("/domainConfigurations/{domainConfigurationName}");
    const ACTION: Option<&'static str> = Some("iot:UpdateDomainConfiguration");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.domain_configuration_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let name = input.domain_configuration_name;
        let update = DomainConfigurationUpdate {
            enabled: input
                .domain_configuration_status
                .map(|status| status == "ENABLED"),
            remove_authorizer: input.remove_authorizer_config.unwrap_or_default(),
            requested: input.shared.requested(),
        };
        let realm = cx.realm().await?;
        domain_configurations::update_domain_configuration(cx.deeds, &realm, &name, &update).await?;
        Ok(Output {
            domain_configuration_arn: arn(cx, &name),
            domain_configuration_name: name,
        })
    }
}
