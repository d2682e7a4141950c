use super::User;
use crate::iam::{self, Tag};
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, users};

/// Creates a user, who may do nothing until it has a policy.
///
/// # Errors
/// `EntityAlreadyExists` if the name is taken, in any case of letters.
pub struct CreateUser;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    path: Option<String>,
    user_name: String,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    user: User,
}

impl Operation for CreateUser {
    const NAME: &'static str = "CreateUser";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:CreateUser");
    type Input = Input;
    type Output = Output;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        iam::later(input.permissions_boundary.as_ref(), &input.tags)
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::user_arn(
            cx,
            input.path.as_deref().unwrap_or("/"),
            &input.user_name,
        )]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let path = input.path.as_deref().unwrap_or("/");
        let user = users::create_user(cx.deeds, &realm, &input.user_name, path).await?;
        Ok(Output {
            user: User::new(cx, user),
        })
    }
}
