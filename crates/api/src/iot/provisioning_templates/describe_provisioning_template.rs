use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, provisioning_templates};
use thingsmith_model::TemplateName;

use super::{ProvisioningHook, arn};
use crate::{Context, Http, Operation};

/// Describes a provisioning template, with the body of its default version.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such template.
pub struct DescribeProvisioningTemplate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    template_arn: String,
    template_name: TemplateName,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    creation_date: f64,
    last_modified_date: f64,
    default_version_id: i64,
    template_body: String,
    enabled: bool,
    provisioning_role_arn: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pre_provisioning_hook: Option<ProvisioningHook>,
    #[serde(rename = "type")]
    template_type: &'static str,
}

impl Operation for DescribeProvisioningTemplate {
    const NAME: &'static str = "DescribeProvisioningTemplate";
    const HTTP: Http = Http::get("/provisioning-templates/{templateName}");
    const ACTION: Option<&'static str> = Some("iot:DescribeProvisioningTemplate");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let name = &input.template_name;
        let (template, template_body) =
            provisioning_templates::describe_provisioning_template(cx.deeds, &realm, name).await?;
        Ok(Output {
            template_arn: template.arn(&realm).to_string(),
            template_name: template.name,
            description: template.description,
            creation_date: template.created_at.as_seconds_f64(),
            last_modified_date: template.modified_at.as_seconds_f64(),
            default_version_id: template.default_version,
            template_body,
            enabled: template.enabled,
            provisioning_role_arn: template.role_arn,
            pre_provisioning_hook: template.hook.map(Into::into),
            template_type: template.kind.as_str(),
        })
    }
}
