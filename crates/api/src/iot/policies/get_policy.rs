use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource};

use crate::{Context, Http, Operation};

/// Reads a policy with the document of its default version, as it was given.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this name.
pub struct GetPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    policy_name: PolicyName,
    policy_arn: String,
    policy_document: String,
    default_version_id: String,
    creation_date: f64,
    last_modified_date: f64,
    generation_id: String,
}

impl Operation for GetPolicy {
    const NAME: &'static str = "GetPolicy";
    const HTTP: Http = Http::get("/policies/{policyName}");
    const ACTION: Option<&'static str> = Some("iot:GetPolicy");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let (policy, policy_document) = policies::get_policy(cx.deeds, &realm, &input.policy_name).await?;
        Ok(Output {
            policy_arn: cx.arn(Resource::Policy(policy.name.clone())),
            policy_name: policy.name,
            policy_document,
            default_version_id: policy.default_version.to_string(),
            creation_date: policy.created_at.as_seconds_f64(),
            last_modified_date: policy.modified_at.as_seconds_f64(),
            generation_id: policy.generation_id.to_string(),
        })
    }
}
