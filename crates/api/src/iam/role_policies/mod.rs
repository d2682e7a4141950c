//! Operations on the policies of roles.

mod attach_role_policy;
mod delete_role_policy;
mod detach_role_policy;
mod get_role_policy;
mod list_attached_role_policies;
mod list_role_policies;
mod put_role_policy;

pub use attach_role_policy::AttachRolePolicy;
pub use delete_role_policy::DeleteRolePolicy;
pub use detach_role_policy::DetachRolePolicy;
pub use get_role_policy::GetRolePolicy;
pub use list_attached_role_policies::ListAttachedRolePolicies;
pub use list_role_policies::ListRolePolicies;
pub use put_role_policy::PutRolePolicy;
