use super::User;
use crate::auth::Permission;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, users};

/// Reads a user: the caller, if no other is named.
///
/// # Errors
/// `NoSuchEntity` if there is none of this name, `ValidationError` if a session names none.
pub struct GetUser;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    user_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    user: User,
}

impl Operation for GetUser {
    const NAME: &'static str = "GetUser";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:GetUser");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![
            input
                .user_name
                .as_ref()
                .map_or_else(|| cx.caller.arn.clone(), |name| iam::user_arn(cx, "/", name)),
        ]
    }

    async fn find_resources(cx: &Context<'_>, input: &Input) -> Result<Vec<String>, Fault> {
        match &input.user_name {
            Some(name) => Ok(vec![iam::find_user_arn(cx, name).await?]),
            None => Ok(Self::resources(cx, input)),
        }
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        if input.user_name.is_none() && matches!(cx.caller.permission, Permission::All) {
            return Ok(Output { user: User::root(cx) });
        }
        let name = iam::named(cx, input.user_name)?;
        let realm = iam::realm(cx).await?;
        let user = users::user(cx.deeds, &realm, &name).await?;
        Ok(Output {
            user: User::new(cx, user),
        })
    }
}
