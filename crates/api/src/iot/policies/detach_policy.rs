use serde::Deserialize;
use thingsmith_core::{Fault, policies};
use thingsmith_model::PolicyName;

use super::target_resource;
use crate::{Context, Empty, Http, Operation};

/// Detaches a policy from a target. What is not attached, or not there, counts as detached.
///
/// # Errors
/// `InvalidRequestException` for what cannot be a target.
pub struct DetachPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    target: String,
}

impl Operation for DetachPolicy {
    const NAME: &'static str = "DetachPolicy";
    const HTTP: Http = Http::post("/target-policies/{policyName}");
    const ACTION: Option<&'static str> = Some("iot:DetachPolicy");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![target_resource(&input.target)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        policies::detach_policy(cx.deeds, &realm, &input.policy_name, &input.target).await?;
        Ok(Empty {})
    }
}
