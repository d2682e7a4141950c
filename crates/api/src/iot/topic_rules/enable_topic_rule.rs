use serde::Deserialize;
use thingsmith_core::{Fault, topic_rules};

use crate::{Context, Empty, Http, Operation};

/// Enables a topic rule.
///
/// # Errors
/// `UnauthorizedException` if there is no such rule.
pub struct EnableTopicRule;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    rule_name: String,
}

impl Operation for EnableTopicRule {
    const NAME: &'static str = "EnableTopicRule";
    const HTTP: Http = Http::post("/rules/{ruleName}/enable");
    const ACTION: Option<&'static str> = Some("iot:EnableTopicRule");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(cx, &input.rule_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        topic_rules::set_disabled(cx.deeds, &realm, &input.rule_name, false).await?;
        Ok(Empty {})
    }
}
