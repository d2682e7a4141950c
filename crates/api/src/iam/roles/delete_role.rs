use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::{Fault, roles};

/// Deletes a role without policies. Its sessions end with it.
///
/// # Errors
/// `NoSuchEntity` if there is none of this name, `DeleteConflict` while it has policies.
pub struct DeleteRole;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_name: String,
}

impl Operation for DeleteRole {
    const NAME: &'static str = "DeleteRole";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:DeleteRole");
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
        roles::delete_role(cx.deeds, &realm, &input.role_name).await?;
        Ok(Empty {})
    }
}
