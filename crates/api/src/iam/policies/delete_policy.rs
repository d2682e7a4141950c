use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::{Fault, managed_policies};

/// Deletes a managed policy that is attached to nothing and has no version but its default.
///
/// # Errors
/// `NoSuchEntity` if there is none of this ARN, `InvalidInput` for what is no policy's ARN, `DeleteConflict` while it
/// is attached or has other versions.
pub struct DeletePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    policy_arn: String,
}

impl Operation for DeletePolicy {
    const NAME: &'static str = "DeletePolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:DeletePolicy");
    type Input = Input;
    type Output = Empty;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.policy_arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = iam::realm(cx).await?;
        managed_policies::delete_policy(cx.deeds, &realm, &input.policy_arn).await?;
        Ok(Empty {})
    }
}
