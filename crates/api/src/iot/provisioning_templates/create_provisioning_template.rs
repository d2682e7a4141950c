use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::provisioning_templates::{self, NewProvisioningTemplate, TemplateKind};
use thingsmith_model::TemplateName;

use super::{ProvisioningHook, SERVICE, arn};
use crate::auth::may_pass_role;
use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Creates a provisioning template with its version 1. The caller must be permitted to hand its role over
/// (`iam:PassRole`), and the role must trust AWS IoT.
///
/// # Errors
/// `InvalidRequestException` for a body that is no template of its type, naming the place, for a hook that cannot be and for a
/// role that is not there; `ResourceAlreadyExistsException` if the name is taken; `LimitExceededException` for one more than
/// an account may have.
pub struct CreateProvisioningTemplate;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    template_name: TemplateName,
    description: Option<String>,
    template_body: String,
    enabled: Option<bool>,
    provisioning_role_arn: String,
    pre_provisioning_hook: Option<ProvisioningHook>,
    tags: Option<Vec<Tag>>,
    #[serde(rename = "type")]
    template_type: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    template_arn: String,
    template_name: TemplateName,
    default_version_id: i64,
}

impl Operation for CreateProvisioningTemplate {
    const NAME: &'static str = "CreateProvisioningTemplate";
    const HTTP: Http = Http::post("/provisioning-templates");
    const ACTION: Option<&'static str> = Some("iot:CreateProvisioningTemplate");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![arn(cx, &input.template_name)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let kind = match &input.template_type {
            None => TemplateKind::FleetProvisioning,
            Some(name) => TemplateKind::named(name)
                .ok_or_else(|| Fault::invalid(format!("type {name} is not a type of templates.")))?,
        };
        may_pass_role(cx, "provisioningRoleArn", &input.provisioning_role_arn, SERVICE).await?;
        let new = NewProvisioningTemplate {
            name: input.template_name,
            kind,
            description: input.description,
            body: input.template_body,
            // AWS CLI reference, create-provisioning-template: a template made without it is not enabled.
            enabled: input.enabled.unwrap_or(false),
            role_arn: input.provisioning_role_arn,
            hook: input.pre_provisioning_hook.map(Into::into),
            tags: tags::checked(input.tags)?,
        };
        let realm = cx.realm().await?;
        let made = provisioning_templates::create_provisioning_template(cx.deeds, &realm, new).await?;
        Ok(Output {
            template_arn: made.arn(&realm).to_string(),
            template_name: made.name,
            default_version_id: made.default_version,
        })
    }
}
