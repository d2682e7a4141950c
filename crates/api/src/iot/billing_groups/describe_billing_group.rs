use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, billing_groups};
use thingsmith_model::{BillingGroupName, Resource};

use super::Properties;
use crate::{Context, Http, Operation};

/// Reads a billing group.
///
/// # Errors
/// `ResourceNotFoundException` if there is none of this name.
pub struct DescribeBillingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    billing_group_name: BillingGroupName,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    billing_group_name: BillingGroupName,
    billing_group_id: String,
    billing_group_arn: String,
    version: i64,
    billing_group_properties: Properties,
    billing_group_metadata: Metadata,
}

/// AWS's `BillingGroupMetadata`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    creation_date: f64,
}

impl Operation for DescribeBillingGroup {
    const NAME: &'static str = "DescribeBillingGroup";
    const HTTP: Http = Http::get("/billing-groups/{billingGroupName}");
    const ACTION: Option<&'static str> = Some("iot:DescribeBillingGroup");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::BillingGroup(input.billing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let name = &input.billing_group_name;
        let found = billing_groups::describe_billing_group(cx.deeds, &realm, name).await?;
        Ok(Output {
            billing_group_id: found.billing_group_id.to_string(),
            billing_group_arn: found.arn(&realm),
            version: found.version,
            billing_group_properties: Properties {
                billing_group_description: found.description,
            },
            billing_group_metadata: Metadata {
                creation_date: found.created_at.as_seconds_f64(),
            },
            billing_group_name: found.name,
        })
    }
}
