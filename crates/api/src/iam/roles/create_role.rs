use super::Role;
use crate::iam::{self, Tag};
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::roles::{self, NewRole};

/// Creates a role, whose sessions may do nothing until it has a policy.
///
/// # Errors
/// `EntityAlreadyExists` if the name is taken, in any case of letters, `MalformedPolicyDocument` for what is no trust
/// policy.
pub struct CreateRole;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    path: Option<String>,
    role_name: String,
    assume_role_policy_document: String,
    description: Option<String>,
    max_session_duration: Option<i64>,
    permissions_boundary: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    role: Role,
}

/// How long sessions may last when nothing is said, in seconds.
const HOUR: i64 = 3600;

impl Operation for CreateRole {
    const NAME: &'static str = "CreateRole";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:CreateRole");
    type Input = Input;
    type Output = Output;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        iam::later(input.permissions_boundary.as_ref(), &input.tags)
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::role_arn(
            cx,
            input.path.as_deref().unwrap_or("/"),
            &input.role_name,
        )]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let new = NewRole {
            name: input.role_name,
            path: input.path.unwrap_or_else(|| "/".into()),
            trust: input.assume_role_policy_document,
            description: input.description,
            longest_session_seconds: input.max_session_duration.unwrap_or(HOUR),
        };
        let role = roles::create_role(cx.deeds, &realm, new).await?;
        Ok(Output {
            role: Role::new(cx, role),
        })
    }
}
