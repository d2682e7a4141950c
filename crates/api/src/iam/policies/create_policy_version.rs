use super::PolicyVersion;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, managed_policies};

/// Creates a version of a managed policy, which counts at once if it is set as default.
///
/// # Errors
/// `NoSuchEntity` if there is no such policy, `InvalidInput` for what is no policy's ARN, `MalformedPolicyDocument`,
/// `LimitExceeded` for a sixth version or a document that is too long.
pub struct CreatePolicyVersion;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    policy_arn: String,
    policy_document: String,
    set_as_default: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policy_version: PolicyVersion,
}

impl Operation for CreatePolicyVersion {
    const NAME: &'static str = "CreatePolicyVersion";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:CreatePolicyVersion");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.policy_arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let (arn, document) = (&input.policy_arn, &input.policy_document);
        let as_default = input.set_as_default.unwrap_or_default();
        let version =
            managed_policies::create_policy_version(cx.deeds, &realm, arn, document, as_default).await?;
        Ok(Output {
            policy_version: PolicyVersion::new(&version, None),
        })
    }
}
