//! What a rule is told to do, and what of it can be checked before any message comes.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::rules::Program;
use crate::{Code, Fault};

/// Most bytes of a rule (AWS's quota "Maximum rule size").
const BYTES: usize = 256 * 1024;
/// The version of SQL when none is given.
const FIRST_VERSION: &str = "2015-10-08";

/// AWS's `TopicRulePayload` without `ruleDisabled`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The statement.
    pub sql: String,
    /// What the rule is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What is done, as it was given: objects with one member, which names the kind.
    pub actions: Vec<Value>,
    /// The version of SQL.
    pub aws_iot_sql_version: String,
    /// What is done when an action fails.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_action: Option<Value>,
}

impl Settings {
    /// Settings as they are asked for. Members that are null count as absent.
    pub fn new(
        sql: String,
        description: Option<String>,
        actions: Vec<Value>,
        version: Option<String>,
        error_action: Option<Value>,
    ) -> Self {
        Self {
            sql,
            description,
            actions: actions.into_iter().map(without_nulls).collect(),
            aws_iot_sql_version: version.unwrap_or_else(|| FIRST_VERSION.to_owned()),
            error_action: error_action.map(without_nulls),
        }
    }

    /// What the settings say, ready to be carried out.
    ///
    /// # Errors
    /// `SqlParseException` for a statement or template that is none; `InvalidRequestException` for an action that says not
    /// what it must, and for settings that are too long.
    pub fn compile(&self) -> Result<Program, Fault> {
        Program::compile(self)
    }

    /// The settings as they are kept.
    pub(super) fn to_text(&self) -> Result<String, Fault> {
        let text = serde_json::to_string(self).map_err(Fault::internal)?;
        match text.len() <= BYTES {
            true => Ok(text),
            false => Err(Fault::new(
                Code::InvalidRequest,
                format!("The rule has {} bytes, and may have {BYTES}.", text.len()),
            )),
        }
    }
}

/// Every role that the actions name, with the place where.
pub fn role_arns(settings: &Settings) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    for (at, action) in settings.actions.iter().enumerate() {
        collect(action, format!("actions[{at}]"), &mut found);
    }
    if let Some(action) = &settings.error_action {
        collect(action, "errorAction".into(), &mut found);
    }
    found
}

fn collect<'a>(value: &'a Value, place: String, found: &mut Vec<(String, &'a str)>) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        let place = format!("{place}.{name}");
        match value.as_str() {
            Some(arn) if name == "roleArn" => found.push((place, arn)),
            _ => collect(value, place, found),
        }
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
