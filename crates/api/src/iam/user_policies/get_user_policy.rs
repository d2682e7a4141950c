use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::identity_policies::{self, Holder};

/// Reads a policy that stands in a user.
///
/// # Errors
/// `NoSuchEntity` if there is no such user or policy.
pub struct GetUserPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: String,
    policy_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    user_name: String,
    policy_name: String,
    policy_document: String,
}

impl Operation for GetUserPolicy {
    const NAME: &'static str = "GetUserPolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:GetUserPolicy");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::user_arn(cx, "/", &input.user_name)]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        Ok(vec![iam::find_user_arn(cx, &input.user_name).await?])
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let holder = Holder::User(&input.user_name);
        let (found, document) =
            identity_policies::inline(cx.deeds, &realm, holder, &input.policy_name).await?;
        Ok(Output {
            user_name: found.name,
            policy_name: input.policy_name,
            policy_document: iam::encoded(&document),
        })
    }
}
