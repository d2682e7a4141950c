use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::{Fault, managed_policies};

/// Deletes a version of a managed policy that is not its default.
///
/// # Errors
/// `NoSuchEntity` if there is no such policy or version, `InvalidInput` for what is no policy's ARN, `DeleteConflict`
/// for the default version.
pub struct DeletePolicyVersion;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    policy_arn: String,
    version_id: String,
}

impl Operation for DeletePolicyVersion {
    const NAME: &'static str = "DeletePolicyVersion";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:DeletePolicyVersion");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.policy_arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = iam::realm(cx).await?;
        let (arn, version) = (&input.policy_arn, &input.version_id);
        managed_policies::delete_policy_version(cx.deeds, &realm, arn, version).await?;
        Ok(Empty {})
    }
}
