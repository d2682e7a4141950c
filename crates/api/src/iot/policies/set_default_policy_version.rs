use serde::Deserialize;
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource};

use crate::{Context, Empty, Http, Operation};

/// Makes a version of a policy the one that counts, for all of its targets.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such policy or version.
pub struct SetDefaultPolicyVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    policy_version_id: String,
}

impl Operation for SetDefaultPolicyVersion {
    const NAME: &'static str = "SetDefaultPolicyVersion";
    const HTTP: Http = Http::patch("/policies/{policyName}/version/{policyVersionId}");
    const ACTION: Option<&'static str> = Some("iot:SetDefaultPolicyVersion");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let (name, version_id) = (&input.policy_name, &input.policy_version_id);
        policies::set_default_policy_version(cx.deeds, &realm, name, version_id).await?;
        Ok(Empty {})
    }
}
