//! A rule ready to be carried out.

use std::str::FromStr;

use serde_json::Value;
use thingsmith_mqtt::TopicFilter;
use thingsmith_sql::{Statement, Version};

use super::FROM_LIMITS;
use super::actions::Action;
use crate::topic_rules::Settings;
use crate::{Code, Fault};

/// A rule's statement and its actions, parsed.
#[derive(Debug)]
pub struct Program {
    pub(super) statement: Statement,
    pub(super) actions: Vec<Action>,
    pub(super) error_action: Option<Action>,
}

impl Program {
    pub(crate) fn compile(settings: &Settings) -> Result<Self, Fault> {
        let version = Version::from_str(&settings.aws_iot_sql_version).map_err(|wrong| {
            let given: String = settings.aws_iot_sql_version.chars().take(64).collect();
            Fault::invalid(format!("awsIotSqlVersion {given:?}: {wrong}."))
        })?;
        let wrong = |problem: String| Fault::new(Code::SqlParse, problem);
        let statement = Statement::parse(&settings.sql, version)
            .map_err(|problem| wrong(format!("sql is no statement: {problem}.")))?;
        if let Some(filter) = statement.topic_filter() {
            let parsed = TopicFilter::parse(filter, &FROM_LIMITS)
                .map_err(|problem| wrong(format!("sql: FROM {filter:?} is no topic filter: {problem}.")))?;
            if parsed.share_name().is_some() {
                return Err(wrong(format!(
                    "sql: FROM {filter:?} is a shared subscription, and rules have none."
                )));
            }
        }
        let read = |place: &str, action: &Value| Action::read(place, action, version);
        let actions = settings.actions.iter().enumerate();
        let actions = actions.map(|(at, action)| read(&format!("actions[{at}]"), action));
        let actions = actions.collect::<Result<_, _>>()?;
        let error_action = settings.error_action.as_ref();
        let error_action = error_action
            .map(|action| read("errorAction", action))
            .transpose()?;
        if let Some(action) = &error_action
            && let Some(function) = action
                .templates()
                .find_map(|template| template.externals().first())
        {
            return Err(Fault::invalid(format!(
                "errorAction calls {function}, and functions of other services may not be called there."
            )));
        }
        Ok(Self {
            statement,
            actions,
            error_action,
        })
    }

    /// The topic filter of its FROM.
    pub(crate) fn filter(&self) -> Option<&str> {
        self.statement.topic_filter()
    }

    /// The URLs that must be confirmed for its actions and are known before any message comes.
    pub(crate) fn confirmation_urls(&self) -> impl Iterator<Item = &str> {
        let actions = self.actions.iter().chain(&self.error_action);
        actions.filter_map(Action::confirmation_url)
    }
}
