use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, role_aliases};

use crate::{Context, Http, Operation};

/// Reads a role alias.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct DescribeRoleAlias;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    role_alias: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    role_alias_description: RoleAliasDescription,
}

/// AWS's `RoleAliasDescription`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoleAliasDescription {
    role_alias: String,
    role_alias_arn: String,
    role_arn: String,
    owner: String,
    credential_duration_seconds: i64,
    creation_date: f64,
    last_modified_date: f64,
}

impl Operation for DescribeRoleAlias {
    const NAME: &'static str = "DescribeRoleAlias";
    const HTTP: Http = Http::get("/role-aliases/{roleAlias}");
    const ACTION: Option<&'static str> = Some("iot:DescribeRoleAlias");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(role_aliases::resource(&input.role_alias))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let alias = role_aliases::role_alias(cx.deeds, &realm, &input.role_alias).await?;
        Ok(Output {
            role_alias_description: RoleAliasDescription {
                role_alias_arn: alias.arn(&realm).to_string(),
                role_alias: alias.name,
                role_arn: alias.role_arn,
                owner: alias.owner.to_string(),
                credential_duration_seconds: alias.duration_seconds,
                creation_date: alias.created_at.as_seconds_f64(),
                last_modified_date: alias.modified_at.as_seconds_f64(),
            },
        })
    }
}
