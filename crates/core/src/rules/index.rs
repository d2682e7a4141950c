//! Which rules listen to which topics.

use std::collections::HashMap;
use std::sync::Arc;

use thingsmith_model::Realm;
use thingsmith_mqtt::{Match, SubscriptionTrie, TopicFilter, TopicName};

use super::{FROM_LIMITS, Program};
use crate::realms::RealmRecord;
use crate::topic_rules::TopicRule;

/// A rule as it is carried out.
pub(super) struct Rule {
    pub(super) number: i64,
    pub(super) revision: i64,
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) program: Program,
}

/// The enabled rules of a realm.
pub(super) struct RealmRules {
    pub(super) record: Arc<RealmRecord>,
    by_filter: SubscriptionTrie<i64, Arc<Rule>>,
    by_name: HashMap<String, Arc<Rule>>,
}

/// The realms that have rules which are not disabled.
#[derive(Default)]
pub(super) struct Index {
    realms: HashMap<Realm, RealmRules>,
}

impl Rule {
    pub(super) fn new(realm: &RealmRecord, rule: &TopicRule, program: Program) -> Self {
        Self {
            number: rule.number,
            revision: rule.revision,
            name: rule.name.clone(),
            arn: rule.arn(realm).to_string(),
            program,
        }
    }
}

impl RealmRules {
    pub(super) fn new(record: Arc<RealmRecord>, rules: Vec<Arc<Rule>>) -> Self {
        let mut by_filter = SubscriptionTrie::new();
        let mut by_name = HashMap::with_capacity(rules.len());
        for rule in rules {
            let filter = rule.program.filter();
            // What does not parse was refused when the rule was made.
            if let Some(Ok(filter)) = filter.map(|filter| TopicFilter::parse(filter, &FROM_LIMITS)) {
                by_filter.insert(&filter, rule.number, Arc::clone(&rule));
            }
            by_name.insert(rule.name.clone(), rule);
        }
        Self {
            record,
            by_filter,
            by_name,
        }
    }

    pub(super) fn listening(&self, topic: &TopicName) -> Vec<Arc<Rule>> {
        let mut found = Vec::new();
        self.by_filter.visit(topic, |matched| {
            if let Match::Subscriber(_, rule) = matched {
                found.push(Arc::clone(rule));
            }
        });
        found
    }

    pub(super) fn named(&self, name: &str) -> Option<&Arc<Rule>> {
        self.by_name.get(name)
    }

    /// The rules as they were read last, by their numbers.
    pub(super) fn by_number(&self) -> HashMap<i64, Arc<Rule>> {
        let rules = self.by_name.values();
        rules.map(|rule| (rule.number, Arc::clone(rule))).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }
}

impl Index {
    pub(super) fn get(&self, realm: Realm) -> Option<&RealmRules> {
        self.realms.get(&realm)
    }

    pub(super) fn put(&mut self, realm: Realm, rules: RealmRules) {
        if rules.is_empty() {
            self.realms.remove(&realm);
        } else {
            self.realms.insert(realm, rules);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.realms.is_empty()
    }

    pub(super) fn realms(&self) -> Vec<Realm> {
        self.realms.keys().copied().collect()
    }
}
