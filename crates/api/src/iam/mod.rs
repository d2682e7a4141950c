//! The service `iam`: users, roles and what they may do. It is global: whatever region a caller signs for, its account is
//! meant.

pub mod access_keys;
mod missing;
pub mod policies;
pub mod role_policies;
pub mod roles;
pub mod user_policies;
pub mod users;

use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use thingsmith_aws_model as aws;
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::{self as core, Fault, PageRequest};
use thingsmith_model::{IamArn, IamKind};

pub use missing::MISSING;

use crate::service::{Entry, entry};
use crate::{Context, Service};

const WRITTEN: &[Entry] = &[
    entry::<users::CreateUser>(),
    entry::<users::DeleteUser>(),
    entry::<users::GetUser>(),
    entry::<users::ListUsers>(),
    entry::<access_keys::CreateAccessKey>(),
    entry::<access_keys::DeleteAccessKey>(),
    entry::<access_keys::ListAccessKeys>(),
    entry::<access_keys::UpdateAccessKey>(),
    entry::<roles::CreateRole>(),
    entry::<roles::DeleteRole>(),
    entry::<roles::GetRole>(),
    entry::<roles::ListInstanceProfilesForRole>(),
    entry::<roles::ListRoles>(),
    entry::<roles::UpdateAssumeRolePolicy>(),
    entry::<user_policies::AttachUserPolicy>(),
    entry::<user_policies::DeleteUserPolicy>(),
    entry::<user_policies::DetachUserPolicy>(),
    entry::<user_policies::GetUserPolicy>(),
    entry::<user_policies::ListAttachedUserPolicies>(),
    entry::<user_policies::ListUserPolicies>(),
    entry::<user_policies::PutUserPolicy>(),
    entry::<role_policies::AttachRolePolicy>(),
    entry::<role_policies::DeleteRolePolicy>(),
    entry::<role_policies::DetachRolePolicy>(),
    entry::<role_policies::GetRolePolicy>(),
    entry::<role_policies::ListAttachedRolePolicies>(),
    entry::<role_policies::ListRolePolicies>(),
    entry::<role_policies::PutRolePolicy>(),
    entry::<policies::CreatePolicy>(),
    entry::<policies::CreatePolicyVersion>(),
    entry::<policies::DeletePolicy>(),
    entry::<policies::DeletePolicyVersion>(),
    entry::<policies::GetPolicy>(),
    entry::<policies::GetPolicyVersion>(),
    entry::<policies::ListPolicies>(),
    entry::<policies::ListPolicyVersions>(),
    entry::<policies::SetDefaultPolicyVersion>(),
];

pub(crate) fn service() -> Service {
    Service::new(aws::Service::Iam.model(), WRITTEN)
}

/// The realm of the caller's users, roles and managed policies.
async fn realm(cx: &Context<'_>) -> Result<Arc<RealmRecord>, Fault> {
    Ok(core::iam::realm(cx.deeds, &cx.caller.account).await?)
}

fn user_arn(cx: &Context<'_>, path: &str, name: &str) -> String {
    IamArn::new(&cx.caller.account, IamKind::User, path, name).to_string()
}

fn role_arn(cx: &Context<'_>, path: &str, name: &str) -> String {
    IamArn::new(&cx.caller.account, IamKind::Role, path, name).to_string()
}

fn policy_arn(cx: &Context<'_>, path: &str, name: &str) -> String {
    IamArn::new(&cx.caller.account, IamKind::Policy, path, name).to_string()
}

/// The ARN of a user with its path, or without one where there is no such user.
async fn find_user_arn(cx: &Context<'_>, name: &str) -> Result<String, Fault> {
    let found = core::users::arn_of(cx.deeds, &cx.caller.account, name).await?;
    Ok(found.map_or_else(|| user_arn(cx, "/", name), |arn| arn.to_string()))
}

/// The ARN of a role with its path, or without one where there is no such role.
async fn find_role_arn(cx: &Context<'_>, name: &str) -> Result<String, Fault> {
    let found = core::roles::arn_of(cx.deeds, &cx.caller.account, name).await?;
    Ok(found.map_or_else(|| role_arn(cx, "/", name), |arn| arn.to_string()))
}

/// The user that a request means: the caller, if it names none.
fn named(cx: &Context<'_>, name: Option<String>) -> Result<String, Fault> {
    name.or_else(|| cx.caller.user_name.clone())
        .ok_or_else(|| Fault::invalid("Must specify userName when calling with non-User credentials"))
}

/// IAM's lists have pages of 100 unless a client says otherwise.
fn page(marker: Option<String>, max_items: Option<u16>) -> PageRequest {
    PageRequest {
        token: marker,
        size: usize::from(max_items.unwrap_or(100).clamp(1, 1000)),
        member: "Marker",
    }
}

/// A policy as IAM's answers have it: percent-encoded (RFC 3986).
fn encoded(document: &str) -> String {
    const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    utf8_percent_encode(document, ENCODED).to_string()
}

/// The member that asks for what comes later, if there is one.
fn later(permissions_boundary: Option<&String>, tags: &[Tag]) -> Option<&'static str> {
    if permissions_boundary.is_some() {
        return Some("PermissionsBoundary");
    }
    (!tags.is_empty()).then_some("Tags")
}

/// AWS's `Tag`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
#[expect(
    dead_code,
    reason = "tags are read and refused until there is a place to keep them"
)]
struct Tag {
    key: String,
    value: String,
}

/// AWS's `AttachedPolicy`.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct AttachedPolicy {
    policy_name: String,
    policy_arn: String,
}

impl From<IamArn> for AttachedPolicy {
    fn from(arn: IamArn) -> Self {
        Self {
            policy_arn: arn.to_string(),
            policy_name: arn.name,
        }
    }
}
