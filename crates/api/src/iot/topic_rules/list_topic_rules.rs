use serde::{Deserialize, Serialize};
use thingsmith_core::{Fault, topic_rules};

use crate::{Context, Http, Operation, pages};

/// Lists topic rules by name, perhaps only those that listen to a topic, or are disabled.
///
/// # Errors
/// `InvalidRequestException` for a token of another list.
pub struct ListTopicRules;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    topic: Option<String>,
    max_results: Option<u16>,
    next_token: Option<String>,
    rule_disabled: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    rules: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

/// AWS's `TopicRuleListItem`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    rule_arn: String,
    rule_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    topic_pattern: Option<String>,
    created_at: f64,
    rule_disabled: bool,
}

impl Operation for ListTopicRules {
    const NAME: &'static str = "ListTopicRules";
    const HTTP: Http = Http::get("/rules");
    const ACTION: Option<&'static str> = Some("iot:ListTopicRules");
    type Input = Input;
    type Output = Output;

    fn resources(_: &Context<'_>, _: &Input) -> Vec<String> {
        vec!["*".into()]
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let page = pages::by_token(input.next_token, input.max_results);
        let (topic, disabled) = (input.topic.as_deref(), input.rule_disabled);
        let realm = cx.realm().await?;
        let page = topic_rules::list_topic_rules(cx.deeds, &realm, topic, disabled, &page).await?;
        let page = page.map(|rule| Item {
            rule_arn: realm.arn(topic_rules::resource(&rule.name)).to_string(),
            rule_name: rule.name,
            topic_pattern: rule.filter,
            created_at: rule.created_at.as_seconds_f64(),
            rule_disabled: rule.disabled,
        });
        Ok(Output {
            rules: page.items,
            next_token: page.next,
        })
    }
}
