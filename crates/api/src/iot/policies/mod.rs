//! Operations on AWS IoT policies.

mod attach_policy;
mod create_policy;
mod delete_policy;
mod detach_policy;
mod get_policy;
mod list_attached_policies;
mod list_policies;

use serde::Serialize;
use thingsmith_core::policies::Policy;
use thingsmith_model::{Arn, PolicyName, Resource};

pub use attach_policy::AttachPolicy;
pub use create_policy::CreatePolicy;
pub use delete_policy::DeletePolicy;
pub use detach_policy::DetachPolicy;
pub use get_policy::GetPolicy;
pub use list_attached_policies::ListAttachedPolicies;
pub use list_policies::ListPolicies;

use crate::Context;

/// AWS's `Policy`, as lists have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    policy_name: PolicyName,
    policy_arn: String,
}

impl Item {
    fn new(cx: &Context<'_>, policy: Policy) -> Self {
        Self {
            policy_arn: cx.arn(Resource::Policy(policy.name.clone())),
            policy_name: policy.name,
        }
    }
}

/// A target as a policy would name it: an ARN in its one form, so that it matches however a caller writes the digits of a
/// certificate id; anything else as it is.
fn target_resource(target: &str) -> String {
    target
        .parse()
        .map_or_else(|_| target.to_owned(), |arn: Arn| arn.to_string())
}
