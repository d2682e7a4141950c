//! Operations on managed policies.

mod create_policy;
mod create_policy_version;
mod delete_policy;
mod delete_policy_version;
mod get_policy;
mod get_policy_version;
mod list_policies;
mod list_policy_versions;
mod set_default_policy_version;

use serde::Serialize;
use thingsmith_core::managed_policies;
use thingsmith_core::realms::RealmRecord;

pub use create_policy::CreatePolicy;
pub use create_policy_version::CreatePolicyVersion;
pub use delete_policy::DeletePolicy;
pub use delete_policy_version::DeletePolicyVersion;
pub use get_policy::GetPolicy;
pub use get_policy_version::GetPolicyVersion;
pub use list_policies::ListPolicies;
pub use list_policy_versions::ListPolicyVersions;
pub use set_default_policy_version::SetDefaultPolicyVersion;

use crate::iam;
use thingsmith_core::iso8601;

/// AWS's `Policy`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Policy {
    policy_name: String,
    policy_id: String,
    arn: String,
    path: String,
    default_version_id: String,
    attachment_count: i64,
    permissions_boundary_usage_count: i64,
    is_attachable: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    create_date: String,
    update_date: String,
}

impl Policy {
    /// As lists and CreatePolicy have it.
    fn new(realm: &RealmRecord, policy: managed_policies::ManagedPolicy, attached: i64) -> Self {
        Self {
            description: None,
            ..Self::described(realm, policy, attached)
        }
    }

    /// With its description, which only GetPolicy tells (API reference, `Policy`).
    fn described(realm: &RealmRecord, policy: managed_policies::ManagedPolicy, attached: i64) -> Self {
        Self {
            arn: policy.arn(realm).to_string(),
            policy_name: policy.name,
            policy_id: policy.id,
            path: policy.path,
            default_version_id: format!("v{}", policy.default_version),
            attachment_count: attached,
            permissions_boundary_usage_count: 0,
            is_attachable: true,
            description: policy.description,
            create_date: iso8601(policy.created_at),
            update_date: iso8601(policy.modified_at),
        }
    }
}

/// AWS's `PolicyVersion`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyVersion {
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<String>,
    version_id: String,
    is_default_version: bool,
    create_date: String,
}

impl PolicyVersion {
    fn new(version: &managed_policies::PolicyVersion, document: Option<&str>) -> Self {
        Self {
            document: document.map(iam::encoded),
            version_id: format!("v{}", version.version),
            is_default_version: version.is_default,
            create_date: iso8601(version.created_at),
        }
    }
}
