use serde::Deserialize;
use thingsmith_core::{Fault, provisioning_templates};
use thingsmith_model::TemplateName;

use super::arn;
use crate::{Context, Empty, Http, Operation};

/// Deletes a version of a provisioning template that is not its default one.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such template or version, `DeleteConflictException` for the default version.
pub struct DeleteProvisioningTemplateVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
    version_id: i64,
}

impl Operation for DeleteProvisioningTemplateVersion {
    const NAME: &'static str = "DeleteProvisioningTemplateVersion";
    const HTTP: Http = Http::delete("/provisioning-templates/{templateName}/versions/{versionId}");
    const ACTION: Option<&'static str> = Some("iot:DeleteProvisioningTemplateVersion");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let (name, version) = (&input.template_name, input.version_id);
        provisioning_templates::delete_provisioning_template_version(cx.deeds, &realm, name, version).await?;
        Ok(Empty {})
    }
}
