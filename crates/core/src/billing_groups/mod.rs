//! Billing groups: things whose costs are counted together.

mod create;
mod delete;
mod list;
mod members;
pub mod rows;
mod update;

use thingsmith_model::{BillingGroupName, Resource, Timestamp};
use uuid::Uuid;

pub use create::{NewBillingGroup, create_billing_group};
pub use delete::delete_billing_group;
pub use list::{describe_billing_group, list_billing_groups};
pub use members::{
    Named, add_thing_to_billing_group, list_things_in_billing_group, remove_thing_from_billing_group,
};
pub use update::update_billing_group;

use crate::realms::RealmRecord;
use crate::{Code, Fault};

/// A billing group as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingGroup {
    /// Names the group in things.
    pub number: i64,
    /// Its name.
    pub name: BillingGroupName,
    /// AWS's `billingGroupId`.
    pub billing_group_id: Uuid,
    /// For people.
    pub description: Option<String>,
    /// 1 when made, one more after each update.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

impl BillingGroup {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        realm.arn(Resource::BillingGroup(self.name.clone())).to_string()
    }
}

fn not_found(name: &BillingGroupName) -> Fault {
    Fault::not_found(format!("Billing group {name} not found."))
}

/// Checks the version that a caller expects a group to have.
fn check_version(group: &BillingGroup, expected: Option<i64>) -> Result<(), Fault> {
    match expected {
        Some(expected) if expected != group.version => Err(Fault::new(
            Code::VersionConflict,
            format!(
                "Billing group {} has version {}, expectedVersion is {expected}.",
                group.name, group.version
            ),
        )),
        _ => Ok(()),
    }
}
