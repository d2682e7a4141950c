use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, policies};
use thingsmith_model::{PolicyName, Resource};

use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Creates a policy whose version 1, the default one, has this document.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the name is taken, `MalformedPolicyException` for what is no policy document.
pub struct CreatePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    policy_name: PolicyName,
    policy_document: String,
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    policy_name: PolicyName,
    policy_arn: String,
    policy_document: String,
    policy_version_id: String,
}

impl Operation for CreatePolicy {
    const NAME: &'static str = "CreatePolicy";
    const HTTP: Http = Http::post("/policies/{policyName}");
    const ACTION: Option<&'static str> = Some("iot:CreatePolicy");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::Policy(input.policy_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let tags = tags::checked(input.tags)?;
        let realm = cx.realm().await?;
        let (name, document) = (input.policy_name, &input.policy_document);
        let policy = policies::create_tagged_policy(cx.deeds, &realm, name, document, &tags).await?;
        Ok(Output {
            policy_arn: cx.arn(Resource::Policy(policy.name.clone())),
            policy_name: policy.name,
            policy_document: input.policy_document,
            policy_version_id: policy.default_version.to_string(),
        })
    }
}
