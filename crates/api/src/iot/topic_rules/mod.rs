//! Operations on topic rules.

mod create_topic_rule;
mod delete_topic_rule;
mod disable_topic_rule;
mod enable_topic_rule;
mod get_topic_rule;
mod list_topic_rules;
mod replace_topic_rule;

use serde::Deserialize;
use serde_json::Value;
use thingsmith_core::Fault;
use thingsmith_core::topic_rules::{self, Settings};

pub use create_topic_rule::CreateTopicRule;
pub use delete_topic_rule::DeleteTopicRule;
pub use disable_topic_rule::DisableTopicRule;
pub use enable_topic_rule::EnableTopicRule;
pub use get_topic_rule::GetTopicRule;
pub use list_topic_rules::ListTopicRules;
pub use replace_topic_rule::ReplaceTopicRule;

use crate::Context;
use crate::auth::may_pass_role;

/// The service that acts by the roles of rules.
const SERVICE: &str = "iot.amazonaws.com";

/// AWS's `TopicRulePayload`. Actions are kept as they are given; the model has checked their members.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TopicRulePayload {
    sql: String,
    description: Option<String>,
    actions: Vec<Value>,
    rule_disabled: Option<bool>,
    aws_iot_sql_version: Option<String>,
    error_action: Option<Value>,
}

impl TopicRulePayload {
    /// The settings, once it is known that the caller may hand over every role that they name; and whether the rule is
    /// disabled. What is wrong with the settings comes first, since it tells nothing of roles.
    async fn settings(self, cx: &Context<'_>) -> Result<(Settings, bool), Fault> {
        let disabled = self.rule_disabled.unwrap_or_default();
        let settings = Settings::new(
            self.sql,
            self.description,
            self.actions,
            self.aws_iot_sql_version,
            self.error_action,
        );
        settings.compile()?;
        for (member, arn) in topic_rules::role_arns(&settings) {
            may_pass_role(cx, &member, arn, SERVICE).await?;
        }
        Ok((settings, disabled))
    }
}

/// The ARN that permission for a rule is asked for.
fn named(cx: &Context<'_>, rule_name: &str) -> Vec<String> {
    vec![cx.arn(topic_rules::resource(rule_name))]
}
