//! AWS IoT policies: documents with a name, and what they are attached to.

mod attach;
mod create;
mod delete;
mod documents;
mod get;
mod list;
pub mod rows;

use thingsmith_model::{PolicyName, Resource, Timestamp};
use uuid::Uuid;

pub use attach::{attach_policy, detach_policy, list_attached_policies};
pub use create::{create_policy, create_tagged_policy};
pub use delete::delete_policy;
pub use documents::{AttachedDocument, Documents};
pub use get::get_policy;
pub use list::list_policies;

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

fn not_found(name: &PolicyName) -> Fault {
    Fault::not_found(format!("Policy {name} not found."))
}
