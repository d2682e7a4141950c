use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::identity_policies::{self, Holder};

/// Reads a policy that stands in a role.
///
/// # Errors
/// `NoSuchEntity` if there is no such role or policy.
pub struct GetRolePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_name: String,
    policy_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    role_name: String,
    policy_name: String,
    policy_document: String,
}

impl Operation for GetRolePolicy {
    const NAME: &'static str = "GetRolePolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:GetRolePolicy");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::role_arn(cx, "/", &input.role_name)]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        Ok(vec![iam::find_role_arn(cx, &input.role_name).await?])
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let holder = Holder::Role(&input.role_name);
        let (found, document) =
            identity_policies::inline(cx.deeds, &realm, holder, &input.policy_name).await?;
        Ok(Output {
            role_name: found.name,
            policy_name: input.policy_name,
            policy_document: iam::encoded(&document),
        })
    }
}
