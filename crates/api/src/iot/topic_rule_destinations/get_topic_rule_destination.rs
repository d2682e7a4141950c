use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, topic_rule_destinations};

use super::TopicRuleDestination;
use crate::{Context, Http, Operation};

/// Reads a destination.
///
/// # Errors
/// `UnauthorizedException` if it is not there.
pub struct GetTopicRuleDestination;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    arn: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    topic_rule_destination: TopicRuleDestination,
}

impl Operation for GetTopicRuleDestination {
    const NAME: &'static str = "GetTopicRuleDestination";
    const HTTP: Http = Http::get("/destinations/{arn+}");
    const ACTION: Option<&'static str> = Some("iot:GetTopicRuleDestination");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, input: &Input) -> Vec<String> {
        vec![input.arn.clone()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let found = topic_rule_destinations::destination(cx.deeds, &realm, &input.arn).await?;
        Ok(Output {
            topic_rule_destination: TopicRuleDestination::new(&realm, found),
        })
    }
}
