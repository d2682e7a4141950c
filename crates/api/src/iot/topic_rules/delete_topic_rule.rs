use serde::Deserialize;
use thingsmith_core::{Fault, topic_rules};

use crate::{Context, Empty, Http, Operation};

/// Deletes a topic rule. One that is not there counts as deleted.
pub struct DeleteTopicRule;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    rule_name: String,
}

impl Operation for DeleteTopicRule {
    const NAME: &'static str = "DeleteTopicRule";
    const HTTP: Http = Http::delete("/rules/{ruleName}");
    const ACTION: Option<&'static str> = Some("iot:DeleteTopicRule");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(cx, &input.rule_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        topic_rules::delete_topic_rule(cx.deeds, &realm, &input.rule_name).await?;
        Ok(Empty {})
    }
}
