//! Operations on role aliases.

mod create_role_alias;
mod delete_role_alias;
mod describe_role_alias;
mod list_role_aliases;
mod update_role_alias;

use thingsmith_core::{Fault, roles};

pub use create_role_alias::CreateRoleAlias;
pub use delete_role_alias::DeleteRoleAlias;
pub use describe_role_alias::DescribeRoleAlias;
pub use list_role_aliases::ListRoleAliases;
pub use update_role_alias::UpdateRoleAlias;

use crate::Context;
use crate::auth::may_pass_role;

/// How long credentials last when nothing is said, in seconds.
const HOUR: i64 = 3600;
/// The service that gives devices the credentials of a role.
const CREDENTIALS_PROVIDER: &str = "credentials.iot.amazonaws.com";

/// Decides whether the caller may hand the role over to the credentials provider, and whether its sessions may last so long.
async fn hand_over(cx: &Context<'_>, role_arn: &str, duration_seconds: Option<i64>) -> Result<(), Fault> {
    may_pass_role(cx, "roleArn", role_arn, CREDENTIALS_PROVIDER).await?;
    match duration_seconds {
        Some(seconds) => lasts(cx, role_arn, seconds).await,
        None => Ok(()),
    }
}

/// Refuses credentials that would last longer than the role's sessions may (API reference, CreateRoleAlias). A role that is
/// gone meanwhile is found out when it is used.
async fn lasts(cx: &Context<'_>, role_arn: &str, seconds: i64) -> Result<(), Fault> {
    let longest = roles::longest_session_seconds(cx.deeds, role_arn).await?;
    match longest {
        Some(longest) if seconds > longest => Err(Fault::invalid(format!(
            "credentialDurationSeconds {seconds} is more than the {longest} seconds that a session of the role may last."
        ))),
        _ => Ok(()),
    }
}
