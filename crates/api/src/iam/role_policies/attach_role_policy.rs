use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::identity_policies::{self, Holder};

/// Attaches a managed policy to a role. Doing it twice is harmless.
///
/// # Errors
/// `NoSuchEntity` if there is no such role or policy, `InvalidInput` for what is no policy's ARN, `LimitExceeded` for
/// an eleventh policy.
pub struct AttachRolePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_name: String,
    policy_arn: String,
}

impl Operation for AttachRolePolicy {
    const NAME: &'static str = "AttachRolePolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:AttachRolePolicy");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::role_arn(cx, "/", &input.role_name)]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        Ok(vec![iam::find_role_arn(cx, &input.role_name).await?])
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = iam::realm(cx).await?;
        let holder = Holder::Role(&input.role_name);
        identity_policies::attach(cx.deeds, &realm, holder, &input.policy_arn).await?;
        Ok(Empty {})
    }
}
