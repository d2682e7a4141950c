use serde::{Deserialize, Serialize};
use thingsmith_core::provisioning_templates::ProvisioningTemplate;
use thingsmith_core::{Fault, provisioning_templates};
use thingsmith_model::TemplateName;

use crate::{Context, Http, Operation, pages};

/// Lists provisioning templates in order of their names.
///
/// # Errors
/// `InvalidRequestException` for a token of another list.
pub struct ListProvisioningTemplates;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    max_results: Option<u16>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    templates: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `ProvisioningTemplateSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    template_arn: String,
    template_name: TemplateName,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    creation_date: f64,
    last_modified_date: f64,
    enabled: bool,
    #[serde(rename = "type")]
    template_type: &'static str,
}

impl Operation for ListProvisioningTemplates {
    const NAME: &'static str = "ListProvisioningTemplates";
    const HTTP: Http = Http::get("/provisioning-templates");
    const ACTION: Option<&'static str> = Some("iot:ListProvisioningTemplates");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page = provisioning_templates::list_provisioning_templates(cx.deeds, &realm, &page).await?;
        let item = |found: ProvisioningTemplate| Item {
            template_arn: found.arn(&realm).to_string(),
            template_name: found.name,
            description: found.description,
            creation_date: found.created_at.as_seconds_f64(),
            last_modified_date: found.modified_at.as_seconds_f64(),
            enabled: found.enabled,
            template_type: found.kind.as_str(),
        };
        Ok(Output {
            templates: page.items.into_iter().map(item).collect(),
            next_token: page.next,
        })
    }
}
