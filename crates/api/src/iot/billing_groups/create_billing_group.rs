use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::billing_groups::{self, NewBillingGroup};
use thingsmith_model::{BillingGroupName, Resource};

use super::Properties;
use crate::iot::tags::{self, Tag};
use crate::{Context, Http, Operation};

/// Creates a billing group. Asking twice with the same settings returns the same group.
///
/// # Errors
/// `ResourceAlreadyExistsException` if the name is taken with other settings.
pub struct CreateBillingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    billing_group_name: BillingGroupName,
    billing_group_properties: Option<Properties>,
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    billing_group_name: BillingGroupName,
    billing_group_arn: String,
    billing_group_id: String,
}

impl Operation for CreateBillingGroup {
    const NAME: &'static str = "CreateBillingGroup";
    const HTTP: Http = Http::post("/billing-groups/{billingGroupName}");
    const ACTION: Option<&'static str> = Some("iot:CreateBillingGroup");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::BillingGroup(input.billing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let new = NewBillingGroup {
            name: input.billing_group_name,
            description: input
                .billing_group_properties
                .unwrap_or_default()
                .billing_group_description,
            tags: tags::checked(input.tags)?,
        };
        let realm = cx.realm().await?;
        let made = billing_groups::create_billing_group(cx.deeds, &realm, new).await?;
        Ok(Output {
            billing_group_arn: made.arn(&realm),
            billing_group_id: made.billing_group_id.to_string(),
            billing_group_name: made.name,
        })
    }
}
