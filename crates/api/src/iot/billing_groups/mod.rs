//! Operations on billing groups.

mod add_thing_to_billing_group;
mod create_billing_group;
mod delete_billing_group;
mod describe_billing_group;
mod list_billing_groups;
mod list_things_in_billing_group;
mod remove_thing_from_billing_group;
mod update_billing_group;

use serde::{Deserialize, Serialize};
use thingsmith_core::billing_groups::Named;
use thingsmith_model::{BillingGroupName, Resource, ThingName};

pub use add_thing_to_billing_group::AddThingToBillingGroup;
pub use create_billing_group::CreateBillingGroup;
pub use delete_billing_group::DeleteBillingGroup;
pub use describe_billing_group::DescribeBillingGroup;
pub use list_billing_groups::ListBillingGroups;
pub use list_things_in_billing_group::ListThingsInBillingGroup;
pub use remove_thing_from_billing_group::RemoveThingFromBillingGroup;
pub use update_billing_group::UpdateBillingGroup;

use crate::Context;

/// AWS's `BillingGroupProperties`.
#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    billing_group_description: Option<String>,
}

/// The members of the two operations on membership, which name a group and a thing by name or by ARN.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Membership {
    billing_group_name: Option<BillingGroupName>,
    billing_group_arn: Option<String>,
    thing_name: Option<ThingName>,
    thing_arn: Option<String>,
}

impl Membership {
    fn group(&self) -> Named<'_, BillingGroupName> {
        Named {
            name: self.billing_group_name.as_ref(),
            arn: self.billing_group_arn.as_deref(),
            members: ("billingGroupName", "billingGroupArn"),
        }
    }

    fn thing(&self) -> Named<'_, ThingName> {
        Named {
            name: self.thing_name.as_ref(),
            arn: self.thing_arn.as_deref(),
            members: ("thingName", "thingArn"),
        }
    }

    /// The group and the thing, both of which the caller needs permission for. Each counts by every way in which it is
    /// named; what is not named, or by what is no ARN, is refused later and matches `*` alone until then.
    fn resources(&self, cx: &Context<'_>) -> Vec<String> {
        let group = self
            .billing_group_name
            .clone()
            .map(|name| cx.arn(Resource::BillingGroup(name)));
        let thing = self.thing_name.clone().map(|name| cx.arn(Resource::Thing(name)));
        let mut all = Vec::new();
        for (name, arn) in [(group, &self.billing_group_arn), (thing, &self.thing_arn)] {
            if name.is_none() && arn.is_none() {
                all.push("*".into());
            }
            all.extend(name);
            all.extend(arn.clone());
        }
        all
    }
}
