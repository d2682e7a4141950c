//! Provisioning templates: what a device is to get, kept under a name and in versions.

mod create;
mod delete;
mod list;
mod parsed;
pub mod rows;
mod update;
mod versions;

use thingsmith_model::{Arn, Resource, TemplateName, Timestamp};
use thingsmith_template::{Template, Use};

pub use create::{NewProvisioningTemplate, create_provisioning_template};
pub use delete::delete_provisioning_template;
pub use list::{describe_provisioning_template, list_provisioning_templates};
pub use parsed::{Parsed, in_force, of_ca};
pub use update::{ProvisioningTemplateUpdate, update_provisioning_template};
pub use versions::{
    TemplateVersion, create_provisioning_template_version, delete_provisioning_template_version,
    describe_provisioning_template_version, list_provisioning_template_versions,
};

use crate::Fault;
use crate::fault::sentence;
use crate::realms::RealmRecord;

/// A provisioning template as the registry keeps it, without the bodies of its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvisioningTemplate {
    /// Names the template in its versions.
    pub number: i64,
    /// Its name.
    pub name: TemplateName,
    /// What it is for. It never changes.
    pub kind: TemplateKind,
    /// For people.
    pub description: Option<String>,
    /// Whether devices may be provisioned with it.
    pub enabled: bool,
    /// The role by which its resources are made.
    pub role_arn: String,
    /// The function that is asked before a device is provisioned.
    pub hook: Option<Hook>,
    /// The version that counts.
    pub default_version: i64,
    /// The highest version number ever given.
    pub newest_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub modified_at: Timestamp,
    /// 1 when made, one more after each change.
    pub revision: i64,
}

/// AWS's `TemplateType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateKind {
    /// `FLEET_PROVISIONING`
    FleetProvisioning,
    /// `JITP`
    Jitp,
}

/// AWS's `ProvisioningHook`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// The ARN of the function.
    pub target_arn: String,
    /// The form of the event that it gets.
    pub payload_version: Option<String>,
}

impl ProvisioningTemplate {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> Arn {
        realm.arn(resource(self.name.as_str()))
    }
}

impl TemplateKind {
    /// The type of this name.
    pub fn named(name: &str) -> Option<Self> {
        [Self::FleetProvisioning, Self::Jitp]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }

    /// AWS's spelling, which the store keeps as well.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FleetProvisioning => "FLEET_PROVISIONING",
            Self::Jitp => "JITP",
        }
    }

    fn usage(self) -> Use {
        match self {
            Self::FleetProvisioning => Use::Fleet,
            Self::Jitp => Use::JustInTime,
        }
    }
}

/// What the ARN of a provisioning template ends in.
pub fn resource(name: &str) -> Resource {
    Resource::Other(format!("provisioningtemplate/{name}"))
}

/// Templates that a realm may have (AWS's quota "Maximum number of fleet provisioning templates per customer").
const TEMPLATES: i64 = 256;
/// Versions that a template may have at a time (AWS's quota "Maximum number of fleet provisioning template versions per
/// template").
const VERSIONS: i64 = 5;

/// Reads a template that is to be kept, as it came in `member`.
///
/// # Errors
/// `InvalidRequestException` with the place in the template.
pub(crate) fn checked(member: &str, body: &str, kind: TemplateKind) -> Result<Template, Fault> {
    let wrong = |wrong| Fault::invalid(format!("{member}: {}", sentence(&wrong)));
    let template = Template::parse(body).map_err(wrong)?;
    template.check_for(kind.usage()).map_err(wrong)?;
    Ok(template)
}

/// Checks a hook of a template of a kind.
fn check_hook(kind: TemplateKind, hook: Option<&Hook>) -> Result<(), Fault> {
    let Some(hook) = hook else { return Ok(()) };
    if kind == TemplateKind::Jitp {
        return Err(Fault::invalid(
            "preProvisioningHook cannot be given for a template of the type JITP.",
        ));
    }
    if hook
        .payload_version
        .as_deref()
        .is_some_and(|version| version != PAYLOAD_VERSION)
    {
        return Err(Fault::invalid(format!(
            "preProvisioningHook.payloadVersion must be {PAYLOAD_VERSION}."
        )));
    }
    // arn:aws:lambda:REGION:ACCOUNT:function:NAME, perhaps with a version or an alias.
    let parts: Vec<&str> = hook.target_arn.splitn(7, ':').collect();
    match parts.as_slice() {
        ["arn", "aws", "lambda", region, account, "function", name]
            if !region.is_empty() && !account.is_empty() && !name.is_empty() =>
        {
            Ok(())
        }
        _ => Err(Fault::invalid(
            "preProvisioningHook.targetArn is not the ARN of a Lambda function.",
        )),
    }
}

/// The one form of a hook's event (API reference, `ProvisioningHook`).
const PAYLOAD_VERSION: &str = "2020-04-01";

pub(crate) fn not_found(name: &str) -> Fault {
    Fault::not_found(format!("Provisioning template {name} not found."))
}
