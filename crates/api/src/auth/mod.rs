//! Who calls, and whether they may.

mod authorize;
mod keys;
mod verify;

use std::sync::Arc;

use thingsmith_model::Account;
use thingsmith_policy::Document;

pub(crate) use authorize::{RequestFacts, authorize};
pub use keys::{AccessKeys, ConfiguredKey, KeysError, UnknownKeys};
pub(crate) use verify::{Claim, claim};

/// Who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The access key that signed. It is public; its secret is not here.
    pub access_key_id: String,
    /// The account that the caller belongs to, and whose objects are meant.
    pub account: Account,
    /// The caller's ARN.
    pub arn: String,
    /// IAM's unique id of the caller.
    pub user_id: String,
    /// The name of the user; the administrator is the account's root and has none.
    pub user_name: Option<String>,
    /// What the caller may do.
    pub permission: Permission,
}

/// What a caller may do.
#[derive(Debug, Clone)]
pub enum Permission {
    /// Everything in the account.
    All,
    /// What these IAM policies allow.
    Policies(Arc<[Document]>),
}

impl Caller {
    /// The administrator of an account, who acts as its root.
    pub(crate) fn administrator(access_key_id: &str, account: Account) -> Self {
        Self {
            access_key_id: access_key_id.to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
            user_id: account.to_string(),
            user_name: None,
            permission: Permission::All,
            account,
        }
    }
}
