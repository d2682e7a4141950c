use serde::Deserialize;
use thingsmith_core::{Fault, policies};
use thingsmith_model::PolicyName;

use super::target_resource;
use crate::{Context, Empty, Http, Operation};

/// Attaches a policy to a principal, the older form of AttachPolicy. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` if the policy or the principal is not there, `LimitExceededException` if the principal has as
/// many policies as it may have.
pub struct AttachPrincipalPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    principal: String,
}

impl Operation for AttachPrincipalPolicy {
    const NAME: &'static str = "AttachPrincipalPolicy";
    const HTTP: Http = Http::put("/principal-policies/{policyName}");
    const ACTION: Option<&'static str> = Some("iot:AttachPrincipalPolicy");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![target_resource(&input.principal)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        policies::attach_principal_policy(cx.deeds, &realm, &input.policy_name, &input.principal).await?;
        Ok(Empty {})
    }
}
