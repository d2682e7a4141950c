use serde::{Deserialize, Serialize};
use serde_json::Value;
use thingsmith_core::{Fault, topic_rules};

use crate::{Context, Http, Operation};

/// Reads a topic rule.
///
/// # Errors
/// `UnauthorizedException` if there is no such rule.
pub struct GetTopicRule;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Input {
    rule_name: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Output {
    rule_arn: String,
    rule: TopicRule,
}

/// AWS's `TopicRule`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TopicRule {
    rule_name: String,
    sql: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    created_at: f64,
    actions: Vec<Value>,
    rule_disabled: bool,
    aws_iot_sql_version: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_action: Option<Value>,
}

impl Operation for GetTopicRule {
    const NAME: &'static str = "GetTopicRule";
    const HTTP: Http = Http::get("/rules/{ruleName}");
    const ACTION: Option<&'static str> = Some("iot:GetTopicRule");
    type Input = Input;
    type Output = Output;

    fn resources(cx: &Context<'_>, input: &Input) -> Vec<String> {
        super::named(cx, &input.rule_name)
    }

    async fn call(cx: &Context<'_>, input: Input) -> Result<Output, Fault> {
        let realm = cx.realm().await?;
        let rule = topic_rules::topic_rule(cx.deeds, &realm, &input.rule_name).await?;
        Ok(Output {
            rule_arn: rule.arn(&realm).to_string(),
            rule: TopicRule {
                rule_name: rule.name,
                sql: rule.settings.sql,
                description: rule.settings.description,
                created_at: rule.created_at.as_seconds_f64(),
                actions: rule.settings.actions,
                rule_disabled: rule.disabled,
                aws_iot_sql_version: rule.settings.aws_iot_sql_version,
                error_action: rule.settings.error_action,
            },
        })
    }
}
