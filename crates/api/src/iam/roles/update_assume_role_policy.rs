use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::{Fault, roles};

/// Gives a role another trust policy. Sessions that there are go on.
///
/// # Errors
/// `NoSuchEntity` if there is no such role, `MalformedPolicyDocument` for what is no trust policy.
pub struct UpdateAssumeRolePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_name: String,
    policy_document: String,
}

impl Operation for UpdateAssumeRolePolicy {
    const NAME: &'static str = "UpdateAssumeRolePolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:UpdateAssumeRolePolicy");
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
        roles::update_trust(cx.deeds, &realm, &input.role_name, &input.policy_document).await?;
        Ok(Empty {})
    }
}
