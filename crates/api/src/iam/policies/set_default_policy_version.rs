use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::{Fault, managed_policies};

/// Makes a version of a managed policy the one that counts.
///
/// # Errors
/// `NoSuchEntity` if there is no such policy or version, `InvalidInput` for what is no policy's ARN.
pub struct SetDefaultPolicyVersion;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    policy_arn: String,
    version_id: String,
}

impl Operation for SetDefaultPolicyVersion {
    const NAME: &'static str = "SetDefaultPolicyVersion";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:SetDefaultPolicyVersion");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.policy_arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = iam::realm(cx).await?;
        let (arn, version) = (&input.policy_arn, &input.version_id);
        managed_policies::set_default_version(cx.deeds, &realm, arn, version).await?;
        Ok(Empty {})
    }
}
