use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, provisioning_templates};
use thingsmith_model::TemplateName;

use super::arn;
use crate::{Context, Http, Operation, pages};

/// Lists the versions of a provisioning template, oldest first.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such template, `InvalidRequestException` for a token of another list.
pub struct ListProvisioningTemplateVersions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
    max_results: Option<u16>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    versions: Vec<Version>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `ProvisioningTemplateVersionSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    version_id: i64,
    creation_date: f64,
    is_default_version: bool,
}

impl Operation for ListProvisioningTemplateVersions {
    const NAME: &'static str = "ListProvisioningTemplateVersions";
    const HTTP: Http = Http::get("/provisioning-templates/{templateName}/versions");
    const ACTION: Option<&'static str> = Some("iot:ListProvisioningTemplateVersions");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let name = &input.template_name;
        let (template, page) =
            provisioning_templates::list_provisioning_template_versions(cx.deeds, &realm, name, &page)
                .await?;
        let version = |found: provisioning_templates::TemplateVersion| Version {
            version_id: found.version,
            creation_date: found.created_at.as_seconds_f64(),
            is_default_version: found.version == template.default_version,
        };
        Ok(Output {
            versions: page.items.into_iter().map(version).collect(),
            next_token: page.next,
        })
    }
}
