use crate::iam;
use crate::{Context, Empty, Http, Operation};
use serde::Deserialize;
use thingsmith_core::{Fault, users};

/// Deletes a user without access keys and policies.
///
/// # Errors
/// `NoSuchEntity` if there is none of this name, `DeleteConflict` while it has keys or policies.
pub struct DeleteUser;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: String,
}

impl Operation for DeleteUser {
    const NAME: &'static str = "DeleteUser";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:DeleteUser");
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
        users::delete_user(cx.deeds, &realm, &input.user_name).await?;
        Ok(Empty {})
    }
}
