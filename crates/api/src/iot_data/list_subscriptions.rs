use serde::{Deserialize, Serialize};
use thingsmith_core::quotas::Quota;
use thingsmith_core::{Fault, clients};

use super::{check_client_id, client_resource};
use crate::{Context, Http, Operation, pages};

/// Subscriptions on a page when the client does not say (API reference).
const PAGE: u16 = 20;

/// Lists what a client subscribes to; also of one that is not connected and has a session.
///
/// # Errors
/// `ResourceNotFoundException` for a client that is neither connected nor has a session; `InvalidRequestException` for a
/// token of another list; `ThrottlingException` when the account asks too often.
pub struct ListSubscriptions;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    client_id: String,
    next_token: Option<String>,
    max_results: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    subscriptions: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `SubscriptionSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    topic_filter: String,
    qos: u8,
}

impl Operation for ListSubscriptions {
    const NAME: &'static str = "ListSubscriptions";
    const HTTP: Http = Http::get("/connections/{clientId}/subscriptions");
    const ACTION: Option<&'static str> = Some("iot:ListSubscriptions");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        vec![cx.arn(client_resource(&input.client_id))]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        check_client_id(&input.client_id)?;
        let page = pages::by_token_of(input.next_token, input.max_results, PAGE);
        let realm = cx.realm().await?;
        cx.deeds.call_within(realm.realm, Quota::ListSubscriptions)?;
        let page = clients::list_subscriptions(cx.deeds, &realm, &input.client_id, &page).await?;
        let item = |(topic_filter, qos)| Item { topic_filter, qos };
        Ok(Output {
            subscriptions: page.items.into_iter().map(item).collect(),
            next_token: page.next,
        })
    }
}
