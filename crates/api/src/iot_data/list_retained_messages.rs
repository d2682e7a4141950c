use serde::{Deserialize, Serialize};
use thingsmith_core::Fault;
use thingsmith_core::messages::retained::{self, Summary};
use thingsmith_core::quotas::Quota;

use super::number;
use crate::{Context, Http, Operation, pages};

/// Lists the topics that have a retained message.
///
/// # Errors
/// `InvalidRequestException` for a token of another list; `ThrottlingException` when the account asks too often.
pub struct ListRetainedMessages;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    next_token: Option<String>,
    max_results: Option<u16>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    retained_topics: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `RetainedMessageSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    topic: String,
    payload_size: i64,
    qos: u8,
    /// In milliseconds.
    last_modified_time: i64,
}

impl Operation for ListRetainedMessages {
    const NAME: &'static str = "ListRetainedMessages";
    const HTTP: Http = Http::get("/retainedMessage");
    const ACTION: Option<&'static str> = Some("iot:ListRetainedMessages");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        cx.deeds.call_within(realm.realm, Quota::ListRetainedMessages)?;
        let page = retained::list_retained_messages(cx.deeds, &realm, &page).await?;
        let item = |summary: Summary| Item {
            topic: summary.topic,
            payload_size: summary.payload_bytes,
            qos: number(summary.qos),
            last_modified_time: summary.modified_at.as_millis(),
        };
        Ok(Output {
            retained_topics: page.items.into_iter().map(item).collect(),
            next_token: page.next,
        })
    }
}
