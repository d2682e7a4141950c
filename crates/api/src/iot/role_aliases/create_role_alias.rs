use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::role_aliases::{self, NewRoleAlias};

use super::{HOUR, hand_over};
use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Creates a role alias. The caller must be permitted to hand the role over (`iam:PassRole`), and the role must trust
/// the credentials provider.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the name is taken, `InvalidRequestException` for a role that is not there, does
/// not trust the provider, or has shorter sessions.
pub struct CreateRoleAlias;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    role_alias: String,
    role_arn: String,
    credential_duration_seconds: Option<i64>,
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    role_alias: String,
    role_alias_arn: String,
}

impl Operation for CreateRoleAlias {
    const NAME: &'static str = "CreateRoleAlias";
    const HTTP: Http = Http::post("/role-aliases/{roleAlias}");
    const ACTION: Option<&'static str> = Some("iot:CreateRoleAlias");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(role_aliases::resource(&input.role_alias))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let tags = tags::checked(input.tags)?;
        let duration_seconds = input.credential_duration_seconds.unwrap_or(HOUR);
        hand_over(cx, &input.role_arn, Some(duration_seconds)).await?;
        let realm = cx.realm().await?;
        let new = NewRoleAlias {
            name: input.role_alias,
            role_arn: input.role_arn,
            duration_seconds,
            tags,
        };
        let alias = role_aliases::create_role_alias(cx.deeds, &realm, new).await?;
        Ok(Output {
            role_alias_arn: alias.arn(&realm).to_string(),
            role_alias: alias.name,
        })
    }
}
