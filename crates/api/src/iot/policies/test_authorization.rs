use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::policies::{self, AuthorizationTest, Question, TestResult};
use thingsmith_model::PolicyName;
use thingsmith_policy::Verdict;

use super::{Item, no_identity_pool, target_resource};
use crate::{Context, Http, Operation};

/// Tells what the policies of a principal would say to actions, and which of them say what.
///
/// # Errors
/// `ResourceNotFoundException` if the principal or a named policy is not there, `InvalidRequestException` if the principal is
/// missing or cannot be one, and for an action without a type.
pub struct TestAuthorization;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    principal: Option<String>,
    cognito_identity_pool_id: Option<String>,
    auth_infos: Vec<AuthInfo>,
    client_id: Option<String>,
    #[serde(default)]
    policy_names_to_add: Vec<PolicyName>,
    #[serde(default)]
    policy_names_to_skip: Vec<PolicyName>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    auth_results: Vec<AuthResult>,
}

/// AWS's `AuthInfo`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthInfo {
    action_type: Option<ActionType>,
    resources: Vec<String>,
}

/// AWS's `ActionType`.
#[derive(Deserialize, Serialize, Clone, Copy)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum ActionType {
    Publish,
    Subscribe,
    Receive,
    Connect,
}

/// AWS's `AuthResult`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AuthResult {
    auth_info: AuthInfo,
    allowed: PolicyList,
    denied: Denied,
    auth_decision: &'static str,
    missing_context_values: Vec<String>,
}

/// AWS's `Denied`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Denied {
    implicit_deny: PolicyList,
    explicit_deny: PolicyList,
}

/// AWS's `Allowed`, `ImplicitDeny` and `ExplicitDeny`.
#[derive(Serialize)]
struct PolicyList {
    policies: Vec<Item>,
}

impl AuthInfo {
    fn question(&self, at: usize) -> Result<Question, Fault> {
        let action = match self.action_type {
            Some(ActionType::Publish) => "iot:Publish",
            Some(ActionType::Subscribe) => "iot:Subscribe",
            Some(ActionType::Receive) => "iot:Receive",
            Some(ActionType::Connect) => "iot:Connect",
            None => {
                return Err(Fault::invalid(format!(
                    "authInfos[{at}].actionType must be given."
                )));
            }
        };
        Ok(Question {
            action,
            resources: self.resources.clone(),
        })
    }
}

impl AuthResult {
    fn new(cx: &Context<'_>, auth_info: AuthInfo, result: TestResult) -> Self {
        let list = |names: Vec<PolicyName>| PolicyList {
            policies: names.into_iter().map(|name| Item::named(cx, name)).collect(),
        };
        Self {
            auth_info,
            allowed: list(result.allowing),
            denied: Denied {
                implicit_deny: list(result.silent),
                explicit_deny: list(result.denying),
            },
            auth_decision: match result.verdict {
                Verdict::Allowed => "ALLOWED",
                Verdict::ExplicitDeny => "EXPLICIT_DENY",
                Verdict::ImplicitDeny => "IMPLICIT_DENY",
            },
            missing_context_values: result.missing,
        }
    }
}

impl Operation for TestAuthorization {
    const NAME: &'static str = "TestAuthorization";
    const HTTP: Http = Http::post("/test-authorization");
    const ACTION: Option<&'static str> = Some("iot:TestAuthorization");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        let principal = input.principal.as_deref();
        vec![principal.map_or_else(|| "*".into(), target_resource)]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        no_identity_pool(input.cognito_identity_pool_id.as_deref())?;
        let principal = input
            .principal
            .ok_or_else(|| Fault::invalid("principal must be given."))?;
        let test = AuthorizationTest {
            principal,
            client_id: input.client_id.filter(|client_id| !client_id.is_empty()),
            policies_to_add: input.policy_names_to_add,
            policies_to_skip: input.policy_names_to_skip,
            questions: input
                .auth_infos
                .iter()
                .enumerate()
                .map(|(at, info)| info.question(at))
                .collect::<Result<_, _>>()?,
        };
        let realm = cx.realm().await?;
        let results = policies::test_authorization(cx.deeds, &realm, test).await?;
        let results = input.auth_infos.into_iter().zip(results);
        Ok(Output {
            auth_results: results
                .map(|(info, result)| AuthResult::new(cx, info, result))
                .collect(),
        })
    }
}
