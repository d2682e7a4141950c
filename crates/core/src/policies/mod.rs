//! AWS IoT policies: documents with a name, and what they are attached to.

mod attach;
mod attachments;
mod create;
mod delete;
mod documents;
mod effective;
mod get;
mod known;
mod list;
pub mod rows;
mod target;
mod test_authorization;
mod versions;

use thingsmith_model::{PolicyName, Resource, Timestamp};
use uuid::Uuid;

pub use attach::{attach_policy, attach_principal_policy, detach_policy, detach_principal_policy};
pub use attachments::{
    list_attached_policies, list_policy_principals, list_principal_policies, list_targets_for_policy,
};
pub(crate) use create::parse;
pub use create::{create_policy, create_tagged_policy};
pub use delete::delete_policy;
pub use documents::{AttachedDocument, Documents};
pub use effective::{EffectivePolicy, get_effective_policies};
pub use get::get_policy;
pub(crate) use known::KnownPolicies;
pub use list::list_policies;
pub use test_authorization::{AuthorizationTest, Question, TestResult, test_authorization};
pub use versions::{
    PolicyVersion, WholeVersion, create_policy_version, delete_policy_version, get_policy_version,
    list_policy_versions, set_default_policy_version,
};

pub(crate) use target::POLICIES_PER_CERTIFICATE;
use target::Target;

use crate::Fault;
use crate::realms::RealmRecord;

/// A policy as the registry keeps it, without its documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Names the policy in attachments.
    pub number: i64,
    /// Its name.
    pub name: PolicyName,
    /// The version that counts.
    pub default_version: i64,
    /// The highest version number ever given.
    pub newest_version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its default version last changed.
    pub modified_at: Timestamp,
    /// Changes with the policy.
    pub generation_id: Uuid,
}

impl Policy {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        realm.arn(Resource::Policy(self.name.clone())).to_string()
    }
}

pub(crate) fn not_found(name: &PolicyName) -> Fault {
    Fault::not_found(format!("Policy {name} not found."))
}
