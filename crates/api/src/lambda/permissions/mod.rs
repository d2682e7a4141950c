//! Operations on the policies of functions.

mod add_permission;
mod get_policy;
mod remove_permission;

pub use add_permission::AddPermission;
pub use get_policy::GetPolicy;
pub use remove_permission::RemovePermission;

use thingsmith_core::functions::FunctionName;

use crate::Context;

/// What a caller must be permitted to do something to; two qualifiers that differ are refused later.
fn resource(cx: &Context<'_>, name: &FunctionName, qualifier: Option<&String>) -> Vec<String> {
    let qualified = name.clone().qualified(qualifier.cloned());
    super::resource(cx, qualified.as_ref().unwrap_or(name))
}
