use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, billing_groups};
use thingsmith_model::{BillingGroupName, Resource, ThingName};

use crate::{Context, Http, Operation, pages};

/// Lists the things in a billing group in order of their names.
///
/// # Errors
/// `ResourceNotFoundException` if there is no such group, `InvalidRequestException` for a token of another list.
pub struct ListThingsInBillingGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    billing_group_name: BillingGroupName,
    next_token: Option<String>,
    max_results: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    things: Vec<ThingName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation for ListThingsInBillingGroup {
    const NAME: &'static str = "ListThingsInBillingGroup";
    const HTTP: Http = Http::get("/billing-groups/{billingGroupName}/things");
    const ACTION: Option<&'static str> = Some("iot:ListThingsInBillingGroup");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(Resource::BillingGroup(input.billing_group_name.clone()))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let name = &input.billing_group_name;
        let page = billing_groups::list_things_in_billing_group(cx.deeds, &realm, name, &page).await?;
        Ok(Output {
            things: page.items,
            next_token: page.next,
        })
    }
}
