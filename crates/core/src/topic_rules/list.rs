//! Listing topic rules.

use thingsmith_model::Timestamp;
use thingsmith_mqtt::{TopicFilter, TopicName};

use super::rows;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::rules::FROM_LIMITS;
use crate::{Deeds, Fault};

/// Rules read at a time, at least.
const SCAN: i64 = 100;

/// A topic rule as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicRuleSummary {
    /// Its name.
    pub name: String,
    /// The topic filter of its FROM.
    pub filter: Option<String>,
    /// It does nothing at the moment.
    pub disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Lists rules by name: with `topic` those that listen to that topic or whose filter is exactly this text, with
/// `disabled` those that are so.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_topic_rules(
    deeds: &Deeds,
    realm: &RealmRecord,
    topic: Option<&str>,
    disabled: Option<bool>,
    page: &PageRequest,
) -> Result<Page<TopicRuleSummary>, Fault> {
    let list = format!("ListTopicRules {disabled:?} {topic:?}");
    let mut after: String = page.place(deeds, realm.realm, &list)?.unwrap_or_default();
    let name = topic.and_then(|topic| TopicName::parse(topic, &FROM_LIMITS).ok());
    let wanted = |rule: &TopicRuleSummary| {
        let Some(topic) = topic else { return true };
        let Some(filter) = &rule.filter else { return false };
        filter == topic
            || name.as_ref().is_some_and(|name| {
                TopicFilter::parse(filter, &FROM_LIMITS).is_ok_and(|filter| filter.matches(name))
            })
    };
    let mut found = Vec::new();
    // Many at a time: a filter may pass over most of them.
    let limit = page.limit_and_one().max(SCAN);
    loop {
        let rows = rows::page(deeds.store(), realm.realm, disabled, &after, limit).await?;
        let ended = i64::try_from(rows.len()).unwrap_or(i64::MAX) < limit;
        if let Some(last) = rows.last() {
            after.clone_from(&last.name);
        }
        found.extend(rows.into_iter().filter(wanted));
        if ended || found.len() > page.size {
            break;
        }
    }
    page.cut(deeds, realm.realm, &list, found, |last| last.name.clone())
}
