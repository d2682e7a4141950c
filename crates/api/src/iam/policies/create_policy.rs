use super::Policy;
use crate::iam::{self, Tag};
use crate::{Context, Http, Operation};
use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::managed_policies::{self, NewPolicy};

/// Creates a managed policy whose version 1 counts.
///
/// # Errors
/// `EntityAlreadyExists` if the name is taken, in any case of letters, `MalformedPolicyDocument`, `LimitExceeded` for
/// a document that is too long.
pub struct CreatePolicy;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    policy_name: String,
    path: Option<String>,
    policy_document: String,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    policy: Policy,
}

impl Operation for CreatePolicy {
    const NAME: &'static str = "CreatePolicy";
    const HTTP: Http = Http::post("/");
    const ACTION: Option<&'static str> = Some("iam:CreatePolicy");
    type Input = Input;
    type Output = Output;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        iam::later(None, &input.tags)
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![iam::policy_arn(
            cx,
            input.path.as_deref().unwrap_or("/"),
            &input.policy_name,
        )]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = iam::realm(cx).await?;
        let new = NewPolicy {
            name: input.policy_name,
            path: input.path.unwrap_or_else(|| "/".into()),
            description: input.description,
            document: input.policy_document,
        };
        let policy = managed_policies::create_policy(cx.deeds, &realm, new).await?;
        Ok(Output {
            policy: Policy::new(&realm, policy, 0),
        })
    }
}
