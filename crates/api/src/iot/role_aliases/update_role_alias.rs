use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::role_aliases::{self, RoleAliasUpdate};

use super::{hand_over, lasts};
use crate::{Context, Http, Operation};

/// Changes the role or the duration of a role alias. A role is handed over as by CreateRoleAlias.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestException` for a role that is not there, does not trust the credentials
/// provider, or has shorter sessions.
pub struct UpdateRoleAlias;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    role_alias: String,
    role_arn: Option<String>,
    credential_duration_seconds: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    role_alias: String,
    role_alias_arn: String,
}

impl Operation for UpdateRoleAlias {
    const NAME: &'static str = "UpdateRoleAlias";
    const HTTP: Http = Http::put("/role-aliases/{roleAlias}");
    const ACTION: Option<&'static str> = Some("iot:UpdateRoleAlias");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(role_aliases::resource(&input.role_alias))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let alias = role_aliases::role_alias(cx.deeds, &realm, &input.role_alias).await?;
        let duration_seconds = input
            .credential_duration_seconds
            .unwrap_or(alias.duration_seconds);
        if let Some(role_arn) = &input.role_arn {
            hand_over(cx, role_arn, Some(duration_seconds)).await?;
        } else if input.credential_duration_seconds.is_some() {
            // The alias's own role, which whoever may change the alias need not be permitted to hand over once more.
            lasts(cx, &alias.role_arn, duration_seconds).await?;
        }
        let update = RoleAliasUpdate {
            role_arn: input.role_arn,
            duration_seconds: input.credential_duration_seconds,
        };
        role_aliases::update_role_alias(cx.deeds, &realm, &input.role_alias, &update).await?;
        Ok(Output {
            role_alias_arn: alias.arn(&realm).to_string(),
            role_alias: alias.name,
        })
    }
}
