use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::provisioning_templates::{self, ProvisioningTemplateUpdate};
use thingsmith_model::TemplateName;

use super::{ProvisioningHook, SERVICE, arn};
use crate::auth::may_pass_role;
use crate::{Context, Empty, Http, Operation};

/// Changes a provisioning template. A role is handed over as by CreateProvisioningTemplate.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such template or version, `InvalidRequestException` for a hook that cannot be
/// and for a role that is not there.
pub struct UpdateProvisioningTemplate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
    description: Option<String>,
    enabled: Option<bool>,
    default_version_id: Option<i64>,
    provisioning_role_arn: Option<String>,
    pre_provisioning_hook: Option<ProvisioningHook>,
    remove_pre_provisioning_hook: Option<bool>,
}

impl Operation for UpdateProvisioningTemplate {
    const NAME: &'static str = "UpdateProvisioningTemplate";
    const HTTP: Http = Http::patch("/provisioning-templates/{templateName}");
    const ACTION: Option<&'static str> = Some("iot:UpdateProvisioningTemplate");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        if let Some(role_arn) = &input.provisioning_role_arn {
            may_pass_role(cx, "provisioningRoleArn", role_arn, SERVICE).await?;
        }
        let update = ProvisioningTemplateUpdate {
            description: input.description,
            enabled: input.enabled,
            default_version: input.default_version_id,
            role_arn: input.provisioning_role_arn,
            hook: input.pre_provisioning_hook.map(Into::into),
            remove_hook: input.remove_pre_provisioning_hook.unwrap_or_default(),
        };
        let realm = cx.realm().await?;
        let name = &input.template_name;
        provisioning_templates::update_provisioning_template(cx.deeds, &realm, name, &update).await?;
        Ok(Empty {})
    }
}
