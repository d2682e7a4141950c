use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::billing_groups::{self, BillingGroup};
use thingsmith_model::BillingGroupName;

use crate::{Context, Http, Operation, pages};

/// Lists billing groups in order of their names: all of them, or those whose names begin so.
///
/// # Errors
/// `InvalidRequestException` for a token of another list.
pub struct ListBillingGroups;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
    name_prefix_filter: Option<BillingGroupName>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    billing_groups: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `GroupNameAndArn`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    group_name: BillingGroupName,
    group_arn: String,
}

impl Operation for ListBillingGroups {
    const NAME: &'static str = "ListBillingGroups";
    const HTTP: Http = Http::get("/billing-groups");
    const ACTION: Option<&'static str> = Some("iot:ListBillingGroups");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let prefix = input
            .name_prefix_filter
            .as_ref()
            .map_or("", BillingGroupName::as_str);
        let realm = cx.realm().await?;
        let page = billing_groups::list_billing_groups(cx.deeds, &realm, prefix, &page).await?;
        let item = |group: BillingGroup| Item {
            group_arn: group.arn(&realm),
            group_name: group.name,
        };
        Ok(Output {
            billing_groups: page.items.into_iter().map(item).collect(),
            next_token: page.next,
        })
    }
}
