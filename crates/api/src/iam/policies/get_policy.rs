use super::Policy;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, managed_policies};

/// Reads a managed policy.
///
/// # Errors
/// `NoSuchEntity` if there is none of this ARN, `InvalidInput` for what is no policy's ARN.
pub struct GetPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    policy_arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policy: Policy,
}

impl Operation for GetPolicy {
    const NAME: &'static str = "GetPolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:GetPolicy");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.policy_arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let (policy, attached) = managed_policies::policy(cx.deeds, &realm, &input.policy_arn).await?;
        Ok(Output {
            policy: Policy::described(&realm, policy, attached),
        })
    }
}
