use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, provisioning_templates};
use thingsmith_model::TemplateName;

use super::arn;
use crate::{Context, Http, Operation};

/// Adds a version to a provisioning template, as its default one if asked to.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such template, `InvalidRequestException` for a body that is no template of its
/// type, naming the place, `VersionsLimitExceededException` if it has as many versions as it may have.
pub struct CreateProvisioningTemplateVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
    template_body: String,
    set_as_default: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    template_arn: String,
    template_name: TemplateName,
    version_id: i64,
    is_default_version: bool,
}

impl Operation for CreateProvisioningTemplateVersion {
    const NAME: &'static str = "CreateProvisioningTemplateVersion";
    const HTTP: Http = Http::post("/provisioning-templates/{templateName}/versions");
    const ACTION: Option<&'static str> = Some("iot:CreateProvisioningTemplateVersion");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let set_as_default = input.set_as_default.unwrap_or_default();
        let realm = cx.realm().await?;
        let version_id = provisioning_templates::create_provisioning_template_version(
            cx.deeds,
            &realm,
            &input.template_name,
            &input.template_body,
            set_as_default,
        )
        .await?;
        Ok(Output {
            template_arn: arn(cx, &input.template_name),
            template_name: input.template_name,
            version_id,
            is_default_version: set_as_default,
        })
    }
}
