use serde::Deserialize;
use thingsmith_core::{Fault, topic_rules};

use crate::{Context, Empty, Http, Operation};

/// Disables a topic rule: it stays, and does nothing.
///
/// # Errors
/// `UnauthorizedException` if there is no such rule.
pub struct DisableTopicRule;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    rule_name: String,
}

impl Operation for DisableTopicRule {
    const NAME: &'static str = "DisableTopicRule";
    const HTTP: Http = Http::post("/rules/{ruleName}/disable");
    const ACTION: Option<&'static str> = Some("iot:DisableTopicRule");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(cx, &input.rule_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let realm = cx.realm().await?;
        topic_rules::set_disabled(cx.deeds, &realm, &input.rule_name, true).await?;
        Ok(Empty {})
    }
}
