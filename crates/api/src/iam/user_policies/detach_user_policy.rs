use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::identity_policies::{self, Holder};

/// Detaches a managed policy from a user.
///
/// # Errors
/// `NoSuchEntity` if there is no such user or policy, or it is not attached, `InvalidInput` for what is no policy's
/// ARN.
pub struct DetachUserPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: String,
    policy_arn: String,
}

impl Operation for DetachUserPolicy {
    const NAME: &'static str = "DetachUserPolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:DetachUserPolicy");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::user_arn(cx, "/", &input.user_name)]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        Ok(vec![iam::find_user_arn(cx, &input.user_name).await?])
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = iam::realm(cx).await?;
        let holder = Holder::User(&input.user_name);
        identity_policies::detach(cx.deeds, &realm, holder, &input.policy_arn).await?;
        Ok(Empty {})
    }
}
