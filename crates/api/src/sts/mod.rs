//! The service `sts`: sessions and identities.

mod assume_role;
mod get_caller_identity;

use thingsmith_aws_model as aws;

pub use assume_role::AssumeRole;
pub use get_caller_identity::GetCallerIdentity;

use crate::Service;
use crate::service::{Entry, entry};

/// The operations that answer that they are not implemented, sorted.
pub const MISSING: &[&str] = &[
    "AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity",
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetSessionToken",
    "GetWebIdentityToken",
];

const WRITTEN: &[Entry] = &[entry::<AssumeRole>(), entry::<GetCallerIdentity>()];

pub(crate) fn service() -> Service {
    Service::new(aws::Service::Sts.model(), WRITTEN)
}
