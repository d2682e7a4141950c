//! Operations on provisioning templates and their versions.

mod create_provisioning_claim;
mod create_provisioning_template;
mod create_provisioning_template_version;
mod delete_provisioning_template;
mod delete_provisioning_template_version;
mod describe_provisioning_template;
mod describe_provisioning_template_version;
mod list_provisioning_template_versions;
mod list_provisioning_templates;
mod update_provisioning_template;

use serde::{Deserialize, Serialize};
use thingsmith_core::provisioning_templates::{self, Hook};
use thingsmith_model::TemplateName;

pub use create_provisioning_claim::CreateProvisioningClaim;
pub use create_provisioning_template::CreateProvisioningTemplate;
pub use create_provisioning_template_version::CreateProvisioningTemplateVersion;
pub use delete_provisioning_template::DeleteProvisioningTemplate;
pub use delete_provisioning_template_version::DeleteProvisioningTemplateVersion;
pub use describe_provisioning_template::DescribeProvisioningTemplate;
pub use describe_provisioning_template_version::DescribeProvisioningTemplateVersion;
pub use list_provisioning_template_versions::ListProvisioningTemplateVersions;
pub use list_provisioning_templates::ListProvisioningTemplates;
pub use update_provisioning_template::UpdateProvisioningTemplate;

use crate::Context;

/// The service that acts by a template's role.
const SERVICE: &str = "iot.amazonaws.com";

/// AWS's `ProvisioningHook`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningHook {
    #[serde(skip_serializing_if = "Option::is_none")]
    payload_version: Option<String>,
    target_arn: String,
}

impl From<ProvisioningHook> for Hook {
    fn from(hook: ProvisioningHook) -> Self {
        Self {
            target_arn: hook.target_arn,
            payload_version: hook.payload_version,
        }
    }
}

impl From<Hook> for ProvisioningHook {
    fn from(hook: Hook) -> Self {
        Self {
            payload_version: hook.payload_version,
            target_arn: hook.target_arn,
        }
    }
}

/// The ARN of the template that a caller needs permission for.
fn arn(cx: &Context<'_>, name: &TemplateName) -> String {
    cx.arn(provisioning_templates::resource(name.as_str()))
}
