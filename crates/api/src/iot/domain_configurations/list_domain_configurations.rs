use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, domain_configurations};

use super::arn;
use crate::{Context, Http, Operation, pages};

/// Lists domain configurations in order of their names, AWS's own among them.
///
/// # Errors
/// `InvalidRequestException` for a marker of another list.
pub struct ListDomainConfigurations;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    marker: Option<String>,
    page_size: Option<u16>,
    service_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    domain_configurations: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_marker: Option<String>,
}

/// AWS's `DomainConfigurationSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    domain_configuration_name: String,
    domain_configuration_arn: String,
    service_type: String,
}

impl Operation for ListDomainConfigurations {
    const NAME: &'static str = "ListDomainConfigurations";
    const HTTP: Http = Http::get("/domainConfigurations");
    const ACTION: Option<&'static str> = Some("iot:ListDomainConfigurations");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_marker(input.marker, input.page_size, 25);
        let kind = input.service_type.as_deref();
        let realm = cx.realm().await?;
        let page = domain_configurations::list_domain_configurations(cx.deeds, &realm, kind, &page).await?;
        let item = |(name, service_type): (String, String)| Item {
            domain_configuration_arn: arn(cx, &name),
            domain_configuration_name: name,
            service_type,
        };
        Ok(Output {
            domain_configurations: page.items.into_iter().map(item).collect(),
            next_marker: page.next,
        })
    }
}
