use serde::Deserialize;
use thingsmith_core::{Fault, policies};
use thingsmith_model::PolicyName;

use super::target_resource;
use crate::{Context, Empty, Http, Operation};

/// Attaches a policy to a target, a certificate or a thing group. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` if the policy or the target is not there, `LimitExceededException` if the target has as many
/// policies as it may have.
pub struct AttachPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    target: String,
}

impl Operation for AttachPolicy {
    const NAME: &'static str = "AttachPolicy";
    const HTTP: Http = Http::put("/target-policies/{policyName}");
    const ACTION: Option<&'static str> = Some("iot:AttachPolicy");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![target_resource(&input.target)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        policies::attach_policy(cx.deeds, &realm, &input.policy_name, &input.target).await?;
        Ok(Empty {})
    }
}
