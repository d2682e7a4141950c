use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, provisioning_templates};
use thingsmith_model::TemplateName;

use super::arn;
use crate::{Context, Http, Operation};

/// Describes a version of a provisioning template.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such template or version.
pub struct DescribeProvisioningTemplateVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
    version_id: i64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    version_id: i64,
    creation_date: f64,
    template_body: String,
    is_default_version: bool,
}

impl Operation for DescribeProvisioningTemplateVersion {
    const NAME: &'static str = "DescribeProvisioningTemplateVersion";
    const HTTP: Http = Http::get("/provisioning-templates/{templateName}/versions/{versionId}");
    const ACTION: Option<&'static str> = Some("iot:DescribeProvisioningTemplateVersion");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (name, version) = (&input.template_name, input.version_id);
        let (template, found, template_body) =
            provisioning_templates::describe_provisioning_template_version(cx.deeds, &realm, name, version)
                .await?;
        Ok(Output {
            version_id: found.version,
            creation_date: found.created_at.as_seconds_f64(),
            template_body,
            is_default_version: found.version == template.default_version,
        })
    }
}
