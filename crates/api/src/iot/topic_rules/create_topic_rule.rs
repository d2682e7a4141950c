use serde::Deserialize;
use thingsmith_core::topic_rules::{self, NewTopicRule};
use thingsmith_core::{Fault, tags};

use super::TopicRulePayload;
use crate::{Context, Empty, Http, Operation};

/// Creates a topic rule, and the destinations that its HTTP actions need. The caller must be permitted to hand its roles
/// over (`iam:PassRole`), and each must trust AWS IoT.
///
/// # Errors
/// `SqlParseException` for a statement that is none, `ResourceAlreadyExistsException` if the name is taken,
/// `InvalidRequestException` for actions that cannot be carried out and for roles that are not there or do not trust AWS
/// IoT.
pub struct CreateTopicRule;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    rule_name: String,
    topic_rule_payload: TopicRulePayload,
    /// `key=value&key=value`, percent-encoded.
    tags: Option<String>,
}

impl Operation for CreateTopicRule {
    const NAME: &'static str = "CreateTopicRule";
    const HTTP: Http = Http::post("/rules/{ruleName}");
    const ACTION: Option<&'static str> = Some("iot:CreateTopicRule");
    type Input = Input;
    type Output = Empty;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(cx, &input.rule_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Empty, Fault> {
        let text = input.tags.unwrap_or_default();
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        let tags = tags::checked("tags", pairs)?;
        let (settings, disabled) = input.topic_rule_payload.settings(cx).await?;
        let realm = cx.realm().await?;
        let new = NewTopicRule {
            name: input.rule_name,
            settings,
            disabled,
            tags,
        };
        topic_rules::create_topic_rule(cx.deeds, &realm, new).await?;
        Ok(Empty {})
    }
}
