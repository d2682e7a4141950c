//! Operations on the policies of users.

mod attach_user_policy;
mod delete_user_policy;
mod detach_user_policy;
mod get_user_policy;
mod list_attached_user_policies;
mod list_user_policies;
mod put_user_policy;

pub use attach_user_policy::AttachUserPolicy;
pub use delete_user_policy::DeleteUserPolicy;
pub use detach_user_policy::DetachUserPolicy;
pub use get_user_policy::GetUserPolicy;
pub use list_attached_user_policies::ListAttachedUserPolicies;
pub use list_user_policies::ListUserPolicies;
pub use put_user_policy::PutUserPolicy;
