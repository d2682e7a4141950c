//! Operations on roles.

mod create_role;
mod delete_role;
mod get_role;
mod list_instance_profiles_for_role;
mod list_roles;
mod update_assume_role_policy;

use serde::Serialize;
use thingsmith_core::roles;

pub use create_role::CreateRole;
pub use delete_role::DeleteRole;
pub use get_role::GetRole;
pub use list_instance_profiles_for_role::ListInstanceProfilesForRole;
pub use list_roles::ListRoles;
pub use update_assume_role_policy::UpdateAssumeRolePolicy;

use crate::{Context, iam};
use thingsmith_core::iso8601;

/// AWS's `Role`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Role {
    path: String,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: String,
    assume_role_policy_document: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    max_session_duration: i64,
}

impl Role {
    fn new(cx: &Context<'_>, role: roles::Role) -> Self {
        Self {
            arn: role.arn(&cx.caller.account).to_string(),
            path: role.path,
            role_name: role.name,
            role_id: role.id,
            create_date: iso8601(role.created_at),
            assume_role_policy_document: iam::encoded(&role.trust),
            description: role.description,
            max_session_duration: role.longest_session_seconds,
        }
    }
}
