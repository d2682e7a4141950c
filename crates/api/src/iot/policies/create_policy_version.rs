use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource};

use crate::{Context, Http, Operation};

/// Adds a version to a policy, as its default one if asked to.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such policy, `MalformedPolicyException` for what is no policy document,
/// `VersionsLimitExceededException` if the policy has as many versions as it may have.
pub struct CreatePolicyVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    policy_document: String,
    set_as_default: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    policy_arn: String,
    policy_document: String,
    policy_version_id: String,
    is_default_version: bool,
}

impl Operation for CreatePolicyVersion {
    const NAME: &'static str = "CreatePolicyVersion";
    const HTTP: Http = Http::post("/policies/{policyName}/version");
    const ACTION: Option<&'static str> = Some("iot:CreatePolicyVersion");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let set_as_default = input.set_as_default.unwrap_or_default();
        let realm = cx.realm().await?;
        let (name, document) = (&input.policy_name, &input.policy_document);
        let version =
            policies::create_policy_version(cx.deeds, &realm, name, document, set_as_default).await?;
        Ok(Output {
            policy_arn: cx.arn(Resource::Policy(input.policy_name)),
            policy_document: input.policy_document,
            policy_version_id: version.to_string(),
            is_default_version: set_as_default,
        })
    }
}
