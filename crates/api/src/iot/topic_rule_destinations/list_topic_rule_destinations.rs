use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, topic_rule_destinations};

use super::{HttpUrl, State, parts};
use crate::{Context, Http, Operation, pages};

/// Lists destinations by age.
///
/// # Errors
/// `InvalidRequestException` for a token of another list.
pub struct ListTopicRuleDestinations;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    max_results: Option<u16>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    destination_summaries: Vec<Summary>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `TopicRuleDestinationSummary`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Summary {
    #[serde(flatten)]
    state: State,
    http_url_summary: HttpUrl,
}

impl Operation for ListTopicRuleDestinations {
    const NAME: &'static str = "ListTopicRuleDestinations";
    const HTTP: Http = Http::get("/destinations");
    const ACTION: Option<&'static str> = Some("iot:ListTopicRuleDestinations");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let realm = cx.realm().await?;
        let page = topic_rule_destinations::list_destinations(cx.deeds, &realm, &page).await?;
        let page = page.map(|destination| {
            let (state, http_url_summary) = parts(&realm, destination);
            Summary {
                state,
                http_url_summary,
            }
        });
        Ok(Output {
            destination_summaries: page.items,
            next_token: page.next,
        })
    }
}
