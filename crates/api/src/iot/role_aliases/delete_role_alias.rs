use serde::Deserialize;
use thingsmith_core::{Fault, role_aliases};

use crate::{Context, Empty, Http, Operation};

/// Deletes a role alias.
///
/// # Errors
/// `ResourceNotFoundException`
pub struct DeleteRoleAlias;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    role_alias: String,
}

impl Operation for DeleteRoleAlias {
    const NAME: &'static str = "DeleteRoleAlias";
    const HTTP: Http = Http::delete("/role-aliases/{roleAlias}");
    const ACTION: Option<&'static str> = Some("iot:DeleteRoleAlias");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(role_aliases::resource(&input.role_alias))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        role_aliases::delete_role_alias(cx.deeds, &realm, &input.role_alias).await?;
        Ok(Empty {})
    }
}
