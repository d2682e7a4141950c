use serde::Deserialize;
use thingsmith_core::{Fault, billing_groups};
use thingsmith_model::{BillingGroupName, Resource};

use crate::{Context, Empty, Http, Operation};

/// Deletes a billing group; its things are in none then. A group that is not there counts as deleted.
///
/// # Errors
/// `VersionConflictException` if the group has another version than the expected one.
pub struct DeleteBillingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    billing_group_name: BillingGroupName,
    expected_version: Option<i64>,
}

impl Operation for DeleteBillingGroup {
    const NAME: &'static str = "DeleteBillingGroup";
    const HTTP: Http = Http::delete("/billing-groups/{billingGroupName}");
    const ACTION: Option<&'static str> = Some("iot:DeleteBillingGroup");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::BillingGroup(input.billing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        let name = &input.billing_group_name;
        billing_groups::delete_billing_group(cx.deeds, &realm, name, input.expected_version).await?;
        Ok(Empty {})
    }
}
