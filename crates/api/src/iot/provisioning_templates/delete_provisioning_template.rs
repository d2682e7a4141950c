use serde::Deserialize;
use thingsmith_core::{Fault, provisioning_templates};
use thingsmith_model::TemplateName;

use super::arn;
use crate::{Context, Empty, Http, Operation};

/// Deletes a provisioning template with all its versions.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such template, `DeleteConflictException` while a CA certificate names it.
pub struct DeleteProvisioningTemplate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
}

impl Operation for DeleteProvisioningTemplate {
    const NAME: &'static str = "DeleteProvisioningTemplate";
    const HTTP: Http = Http::delete("/provisioning-templates/{templateName}");
    const ACTION: Option<&'static str> = Some("iot:DeleteProvisioningTemplate");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let name = &input.template_name;
        provisioning_templates::delete_provisioning_template(cx.deeds, &realm, name).await?;
        Ok(Empty {})
    }
}
