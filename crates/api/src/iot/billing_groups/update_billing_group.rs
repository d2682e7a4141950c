use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, billing_groups};
use thingsmith_model::{BillingGroupName, Resource};

use super::Properties;
use crate::{Context, Http, Operation};

/// Gives a billing group another description, or none, and counts its version up.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such group, `VersionConflictException` if it has another version than the
/// expected one.
pub struct UpdateBillingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    billing_group_name: BillingGroupName,
    billing_group_properties: Properties,
    expected_version: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    version: i64,
}

impl Operation for UpdateBillingGroup {
    const NAME: &'static str = "UpdateBillingGroup";
    const HTTP: Http = Http::patch("/billing-groups/{billingGroupName}");
    const ACTION: Option<&'static str> = Some("iot:UpdateBillingGroup");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::BillingGroup(input.billing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let version = billing_groups::update_billing_group(
            cx.deeds,
            &realm,
            &input.billing_group_name,
            input
                .billing_group_properties
                .billing_group_description
                .as_deref(),
            input.expected_version,
        )
        .await?;
        Ok(Output { version })
    }
}
