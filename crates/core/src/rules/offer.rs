//! Offering a message to the rules.

use std::sync::{Arc, PoisonError};

use thingsmith_model::{Realm, Timestamp};
use thingsmith_mqtt::{Message, TopicName};
use thingsmith_sql::{Message as View, Properties};

use super::index::Rule;
use super::{Lineage, Origin, Rules};
use crate::Deeds;
use crate::realms::RealmRecord;

/// A message with the rules that it matches, and what they can ask about it.
pub(super) struct Offered {
    pub(super) realm: Arc<RealmRecord>,
    pub(super) message: Message,
    pub(super) rules: Vec<Arc<Rule>>,
    pub(super) client_id: Option<String>,
    pub(super) principal: Option<String>,
    pub(super) source_ip: Option<String>,
    pub(super) at: Timestamp,
    pub(super) trace_id: String,
    pub(super) lineage: Lineage,
}

/// The name of the rule and the topic that a topic of Basic Ingest holds.
pub fn rule_of_basic_ingest(topic: &TopicName) -> Option<(&str, &str)> {
    // Most topics are not reserved, and looking at one byte tells.
    if !topic.is_reserved() {
        return None;
    }
    topic.as_str().strip_prefix("$aws/rules/")?.split_once('/')
}

impl Rules {
    /// Whether the realm has rules that are not disabled.
    pub(crate) fn has_rules(&self, realm: Realm) -> bool {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        index.get(realm).is_some()
    }

    /// Whether any realm has rules that are not disabled.
    pub fn has_any(&self) -> bool {
        let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
        !index.is_empty()
    }

    /// Offers a message to the rules that listen to its topic. It never waits.
    pub(crate) fn offer(&self, deeds: &Deeds, realm: Realm, message: &Message, origin: Origin<'_>) {
        let found = {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            let Some(rules) = index.get(realm) else { return };
            (rules.listening(&message.topic), Arc::clone(&rules.record))
        };
        let (rules, record) = found;
        if !rules.is_empty() {
            self.enqueue(deeds, record, rules, message, origin);
        }
    }

    /// Gives a message of Basic Ingest to its rule, and to nobody else. AWS tells the device nothing of a rule that is
    /// not there or is disabled.
    pub(crate) fn ingest(
        &self,
        deeds: &Deeds,
        realm: Realm,
        name: &str,
        message: &Message,
        origin: Origin<'_>,
    ) {
        let found = {
            let index = self.index.read().unwrap_or_else(PoisonError::into_inner);
            index.get(realm).and_then(|rules| {
                let rule = rules.named(name)?;
                Some((vec![Arc::clone(rule)], Arc::clone(&rules.record)))
            })
        };
        match found {
            Some((rules, record)) => self.enqueue(deeds, record, rules, message, origin),
            None => {
                deeds.metrics().rule_not_found();
                tracing::info!(
                    rule = name,
                    client_id = origin.client_id(),
                    "a message of Basic Ingest names a rule that is not there or is disabled"
                );
            }
        }
    }

    fn enqueue(
        &self,
        deeds: &Deeds,
        realm: Arc<RealmRecord>,
        rules: Vec<Arc<Rule>>,
        message: &Message,
        origin: Origin<'_>,
    ) {
        let number = realm.realm;
        let offered = Offered {
            realm,
            message: message.clone(),
            rules,
            client_id: origin.client_id().map(str::to_owned),
            principal: origin.principal(),
            source_ip: origin.source_ip().map(str::to_owned),
            at: deeds.clock().now(),
            trace_id: deeds.uuid().to_string(),
            lineage: origin.lineage(),
        };
        let bytes = offered.bytes();
        if let Err(dropped) = self.offered.push(number, offered, bytes) {
            let count = deeds.metrics().rule_message_dropped();
            // One line for each doubling: a flood must not flood the log.
            if count.is_power_of_two() {
                tracing::warn!(
                    account = %dropped.realm.account,
                    topic = dropped.message.topic.as_str(),
                    count,
                    "a message found no room in the queue of the rules and is dropped for them"
                );
            }
        }
    }
}

impl Offered {
    /// Bytes that it holds.
    pub(super) fn bytes(&self) -> usize {
        self.message.bytes() + self.rules.len() * size_of::<Arc<Rule>>()
    }

    /// The message as statements see it.
    pub(super) fn view(&self, seed: [u8; 32]) -> View<'_> {
        let properties = self.message.properties.as_deref();
        View {
            topic: self.message.topic.as_str(),
            payload: &self.message.payload,
            client_id: self.client_id.as_deref(),
            principal: self.principal.as_deref(),
            account_id: self.realm.account.as_str(),
            source_ip: self.source_ip.as_deref(),
            timestamp_ms: self.at.as_millis(),
            trace_id: self.client_id.as_ref().map(|_| self.trace_id.as_str()),
            seed,
            properties: properties.map_or_else(Properties::default, |properties| Properties {
                is_utf8: properties.payload_is_utf8.then_some(true),
                content_type: properties.content_type.as_deref(),
                response_topic: properties.response_topic.as_ref().map(TopicName::as_str),
                correlation_data: properties.correlation_data.as_deref(),
                user: &properties.user_properties,
            }),
        }
    }

    /// The topic as rules speak of it: without the prefix of Basic Ingest.
    pub(super) fn topic(&self) -> &str {
        match rule_of_basic_ingest(&self.message.topic) {
            Some((_, topic)) => topic,
            None => self.message.topic.as_str(),
        }
    }
}
