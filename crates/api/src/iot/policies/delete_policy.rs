use serde::Deserialize;
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource};

use crate::{Context, Empty, Http, Operation};

/// Deletes a policy that is attached to nothing and has no version but its default.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such policy, `DeleteConflictException` while it is attached or has other
/// versions.
pub struct DeletePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
}

impl Operation for DeletePolicy {
    const NAME: &'static str = "DeletePolicy";
    const HTTP: Http = Http::delete("/policies/{policyName}");
    const ACTION: Option<&'static str> = Some("iot:DeletePolicy");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        policies::delete_policy(cx.deeds, &realm, &input.policy_name).await?;
        Ok(Empty {})
    }
}
