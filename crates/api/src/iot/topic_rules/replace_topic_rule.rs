use serde::Deserialize;
use thingsmith_core::{Fault, topic_rules};

use super::TopicRulePayload;
use crate::{Context, Empty, Http, Operation};

/// Puts another payload in the place of a rule's: what is not given is as for a new rule. Roles are handed over as by
/// CreateTopicRule.
///
/// # Errors
/// `UnauthorizedException` if there is no such rule; as CreateTopicRule for the payload.
pub struct ReplaceTopicRule;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    rule_name: String,
    topic_rule_payload: TopicRulePayload,
}

impl Operation for ReplaceTopicRule {
    const NAME: &'static str = "ReplaceTopicRule";
    const HTTP: Http = Http::patch("/rules/{ruleName}");
    const ACTION: Option<&'static str> = Some("iot:ReplaceTopicRule");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(cx, &input.rule_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let (settings, disabled) = input.topic_rule_payload.settings(cx).await?;
        let realm = cx.realm().await?;
        topic_rules::replace_topic_rule(cx.deeds, &realm, &input.rule_name, &settings, disabled).await?;
        Ok(Empty {})
    }
}
