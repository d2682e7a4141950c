use serde::Deserialize;
use thingsmith_core::{Fault, policies};
use thingsmith_model::PolicyName;

use super::target_resource;
use crate::{Context, Empty, Http, Operation};

/// Detaches a policy from a principal, the older form of DetachPolicy. What is not attached counts as detached.
///
/// # Errors
/// `ResourceNotFoundException` if the policy or the principal is not there.
pub struct DetachPrincipalPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    principal: String,
}

impl Operation for DetachPrincipalPolicy {
    const NAME: &'static str = "DetachPrincipalPolicy";
    const HTTP: Http = Http::delete("/principal-policies/{policyName}");
    const ACTION: Option<&'static str> = Some("iot:DetachPrincipalPolicy");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![target_resource(&input.principal)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        policies::detach_principal_policy(cx.deeds, &realm, &input.policy_name, &input.principal).await?;
        Ok(Empty {})
    }
}
