use serde::Deserialize;
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource};

use crate::{Context, Empty, Http, Operation};

/// Deletes a version of a policy that is not its default one.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such policy or version, `DeleteConflictException` for the default version.
pub struct DeletePolicyVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    policy_version_id: String,
}

impl Operation for DeletePolicyVersion {
    const NAME: &'static str = "DeletePolicyVersion";
    const HTTP: Http = Http::delete("/policies/{policyName}/version/{policyVersionId}");
    const ACTION: Option<&'static str> = Some("iot:DeletePolicyVersion");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let (name, version_id) = (&input.policy_name, &input.policy_version_id);
        policies::delete_policy_version(cx.deeds, &realm, name, version_id).await?;
        Ok(Empty {})
    }
}
