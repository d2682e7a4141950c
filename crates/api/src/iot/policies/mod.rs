//! Operations on AWS IoT policies.

mod attach_policy;
mod attach_principal_policy;
mod create_policy;
mod create_policy_version;
mod delete_policy;
mod delete_policy_version;
mod detach_policy;
mod detach_principal_policy;
mod get_effective_policies;
mod get_policy;
mod get_policy_version;
mod list_attached_policies;
mod list_policies;
mod list_policy_principals;
mod list_policy_versions;
mod list_principal_policies;
mod list_targets_for_policy;
mod set_default_policy_version;
mod test_authorization;

use serde::Serialize;
use thingsmith_core::Fault;
use thingsmith_core::policies::Policy;
use thingsmith_model::{Arn, PolicyName, Resource};

pub use attach_policy::AttachPolicy;
pub use attach_principal_policy::AttachPrincipalPolicy;
pub use create_policy::CreatePolicy;
pub use create_policy_version::CreatePolicyVersion;
pub use delete_policy::DeletePolicy;
pub use delete_policy_version::DeletePolicyVersion;
pub use detach_policy::DetachPolicy;
pub use detach_principal_policy::DetachPrincipalPolicy;
pub use get_effective_policies::GetEffectivePolicies;
pub use get_policy::GetPolicy;
pub use get_policy_version::GetPolicyVersion;
pub use list_attached_policies::ListAttachedPolicies;
pub use list_policies::ListPolicies;
pub use list_policy_principals::ListPolicyPrincipals;
pub use list_policy_versions::ListPolicyVersions;
pub use list_principal_policies::ListPrincipalPolicies;
pub use list_targets_for_policy::ListTargetsForPolicy;
pub use set_default_policy_version::SetDefaultPolicyVersion;
pub use test_authorization::TestAuthorization;

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
        Self::named(cx, policy.name)
    }

    fn named(cx: &Context<'_>, name: PolicyName) -> Self {
        Self {
            policy_arn: cx.arn(Resource::Policy(name.clone())),
            policy_name: name,
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

/// There are no Cognito identity pools yet, so that one that is named is not there.
fn no_identity_pool(id: Option<&str>) -> Result<(), Fault> {
    match id {
        None => Ok(()),
        Some(id) => {
            let short: String = id.chars().take(128).collect();
            Err(Fault::not_found(format!(
                "Cognito identity pool {short} not found."
            )))
        }
    }
}
