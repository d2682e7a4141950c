use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::Fault;
use thingsmith_core::identity_policies::{self, Holder};

/// Puts a policy into a role; one of the same name is replaced.
///
/// # Errors
/// `NoSuchEntity` if there is no such role, `MalformedPolicyDocument`, `LimitExceeded` when its policies together
/// would be too long.
pub struct PutRolePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

impl Operation for PutRolePolicy {
    const NAME: &'static str = "PutRolePolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:PutRolePolicy");
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
        let (name, document) = (&input.policy_name, &input.policy_document);
        identity_policies::put_inline(cx.deeds, &realm, holder, name, document).await?;
        Ok(Empty {})
    }
}
