use super::Role;
use crate::iam;
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, roles};

/// Reads a role.
///
/// # Errors
/// `NoSuchEntity` if there is none of this name.
pub struct GetRole;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    role_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    role: Role,
}

impl Operation for GetRole {
    const NAME: &'static str = "GetRole";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:GetRole");
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
        let role = roles::role(cx.deeds, &realm, &input.role_name).await?;
        Ok(Output {
            role: Role::new(cx, role),
        })
    }
}
