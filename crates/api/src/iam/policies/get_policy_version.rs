use super::PolicyVersion;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, managed_policies};

/// Reads a version of a managed policy with its document.
///
/// # Errors
/// `NoSuchEntity` if there is no such policy or version, `InvalidInput` for what is no policy's ARN.
pub struct GetPolicyVersion;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    policy_arn: String,
    version_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policy_version: PolicyVersion,
}

impl Operation for GetPolicyVersion {
    const NAME: &'static str = "GetPolicyVersion";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:GetPolicyVersion");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.policy_arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let (arn, version) = (&input.policy_arn, &input.version_id);
        let (version, document) = managed_policies::policy_version(cx.deeds, &realm, arn, version).await?;
        Ok(Output {
            policy_version: PolicyVersion::new(&version, Some(&document)),
        })
    }
}
