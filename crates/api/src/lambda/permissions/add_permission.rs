use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::functions::{self, FunctionName, NewPermission, Permission};

use super::resource;
use crate::lambda::functions::settings::first;
use crate::{Context, Http, Operation};

/// Adds a statement to the policy of a function: what a service may do to it, for which resource.
///
/// # Errors
/// `ResourceNotFoundException`, `ResourceConflictException` if the policy has a statement of this id,
/// `InvalidParameterValueException` for what is no statement, `PolicyLengthExceededException`,
/// `PreconditionFailedException` when the policy has not the expected revision.
pub struct AddPermission;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    function_name: FunctionName,
    statement_id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    function_url_auth_type: Option<String>,
    invoked_via_function_url: Option<bool>,
    source_account: Option<String>,
    event_source_token: Option<String>,
    qualifier: Option<String>,
    revision_id: Option<String>,
    #[serde(rename = "PrincipalOrgID")]
    principal_org_id: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Output {
    statement: String,
}

impl Operation for AddPermission {
    const NAME: &'static str = "AddPermission";
    const HTTP: Http = Http::post("/2015-03-31/functions/{FunctionName}/policy");
    const ACTION: Option<&'static str> = Some("lambda:AddPermission");
    type Input = Input;
    type Output = Output;

    fn not_implemented(input: &Input) -> Option<&'static str> {
        first(&[
            ("FunctionUrlAuthType", input.function_url_auth_type.is_some()),
            (
                "InvokedViaFunctionUrl",
                input.invoked_via_function_url == Some(true),
            ),
            ("EventSourceToken", input.event_source_token.is_some()),
            ("PrincipalOrgID", input.principal_org_id.is_some()),
        ])
    }

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        resource(cx, &input.function_name, input.qualifier.as_ref())
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let name = input.function_name.qualified(input.qualifier)?;
        let new = NewPermission {
            permission: Permission {
                statement_id: input.statement_id,
                action: input.action,
                principal: input.principal,
                source_arn: input.source_arn,
                source_account: input.source_account,
            },
            revision: input.revision_id,
        };
        let realm = cx.realm().await?;
        let statement = functions::add_permission(cx.deeds, &realm, &name, &new).await?;
        Ok(Output {
            statement: statement.to_string(),
        })
    }
}
