//! Who calls.

use std::sync::Arc;

use thingsmith_model::{Account, Timestamp};
use thingsmith_policy::{Document, Request, Variables, Verdict, evaluate};

use super::Identity;

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
    /// The name of the user; the administrator is the account's root and has none, a session has none either.
    pub user_name: Option<String>,
    /// The role of a session, by its ARN.
    pub role_arn: Option<String>,
    /// Whether it is a session of the service's own.
    pub own: bool,
    /// When a session was made.
    pub issued_at: Option<Timestamp>,
    /// What policies can ask of a session besides.
    pub variables: Vec<(String, String)>,
    /// What the caller may do.
    pub permission: Permission,
}

/// What a caller may do.
#[derive(Debug, Clone)]
pub enum Permission {
    /// Everything in the account.
    All,
    /// What IAM policies allow.
    Policies {
        /// Those of the user or role.
        documents: Arc<[Arc<Document>]>,
        /// Those that narrow a session, which may do what both allow.
        narrowing: Option<Arc<[Arc<Document>]>>,
    },
}

impl Caller {
    /// The administrator of an account, who acts as its root.
    pub(super) fn administrator(access_key_id: &str, account: Account) -> Self {
        Self {
            access_key_id: access_key_id.to_owned(),
            arn: format!("arn:aws:iam::{account}:root"),
            user_id: account.to_string(),
            user_name: None,
            role_arn: None,
            own: false,
            issued_at: None,
            variables: Vec::new(),
            permission: Permission::All,
            account,
        }
    }

    /// A user or a session that the registry knows.
    pub(super) fn known(access_key_id: &str, identity: &Identity) -> Self {
        Self {
            access_key_id: access_key_id.to_owned(),
            account: identity.account.clone(),
            arn: identity.arn.clone(),
            user_id: identity.user_id.clone(),
            user_name: identity.user_name.clone(),
            role_arn: identity.role_arn.clone(),
            own: identity.own,
            issued_at: identity.issued_at,
            variables: identity.variables.clone(),
            permission: Permission::Policies {
                documents: Arc::clone(&identity.documents),
                narrowing: identity.narrowing.clone(),
            },
        }
    }

    /// What its own policies say of an action on a resource. A session that was given policies may do what both its
    /// role's and those allow (IAM guide, "Session policies").
    pub fn verdict(&self, variables: &dyn Variables, action: &str, resource: &str) -> Verdict {
        let Permission::Policies { documents, narrowing } = &self.permission else {
            return Verdict::Allowed;
        };
        let request = Request {
            action,
            resource,
            variables,
        };
        let decide =
            |documents: &[Arc<Document>]| evaluate(documents.iter().map(Arc::as_ref), &request).verdict;
        match (decide(documents), narrowing.as_deref().map(decide)) {
            (Verdict::ExplicitDeny, _) | (_, Some(Verdict::ExplicitDeny)) => Verdict::ExplicitDeny,
            (own, None | Some(Verdict::Allowed)) => own,
            (_, Some(Verdict::ImplicitDeny)) => Verdict::ImplicitDeny,
        }
    }

    /// AWS's word for the kind of caller (IAM guide, `aws:PrincipalType`).
    pub(super) fn kind(&self) -> &'static str {
        match (&self.role_arn, &self.permission) {
            (Some(_), _) => "AssumedRole",
            (None, Permission::All) => "Account",
            (None, Permission::Policies { .. }) => "User",
        }
    }
}
