use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource};

use crate::{Context, Http, Operation};

/// Reads a version of a policy with its document, as it was given.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such policy or version.
pub struct GetPolicyVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    policy_version_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    policy_arn: String,
    policy_name: PolicyName,
    policy_document: String,
    policy_version_id: String,
    is_default_version: bool,
    creation_date: f64,
    last_modified_date: f64,
    generation_id: String,
}

impl Operation for GetPolicyVersion {
    const NAME: &'static str = "GetPolicyVersion";
    const HTTP: Http = Http::get("/policies/{policyName}/version/{policyVersionId}");
    const ACTION: Option<&'static str> = Some("iot:GetPolicyVersion");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (name, version_id) = (&input.policy_name, &input.policy_version_id);
        let found = policies::get_policy_version(cx.deeds, &realm, name, version_id).await?;
        let (policy, version) = (found.policy, found.version);
        let is_default_version = version.version == policy.default_version;
        // A version changes in nothing but in becoming the default one.
        let modified_at = if is_default_version {
            policy.modified_at
        } else {
            version.created_at
        };
        Ok(Output {
            policy_arn: cx.arn(Resource::Policy(policy.name.clone())),
            policy_name: policy.name,
            policy_document: found.document,
            policy_version_id: version.version.to_string(),
            is_default_version,
            creation_date: version.created_at.as_seconds_f64(),
            last_modified_date: modified_at.as_seconds_f64(),
            generation_id: policy.generation_id.to_string(),
        })
    }
}
