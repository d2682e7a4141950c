//! Who wants messages on which topics: filters kept level by level, so that a lookup costs what the topic is deep and
//! not how many filters there are.
//!
//! The trie holds what was inserted and nothing else: whoever takes the last subscriber of a filter out also takes
//! its branch. It knows no locks; the router wraps it.

mod members;
mod node;

use std::hash::Hash;

use members::Members;
use node::Node;

use crate::{TopicFilter, TopicName};

/// Subscribers by topic filter. `K` names a subscriber, of which a filter holds at most one subscription; `V` is what
/// the subscription says, such as its quality of service.
///
/// It matches as [`TopicFilter::matches`] does.
#[derive(Debug)]
pub struct SubscriptionTrie<K, V> {
    root: Node<K, V>,
    subscriptions: usize,
    groups: usize,
}

/// What a topic has met in the trie.
#[derive(Debug)]
pub enum Match<'a, K, V> {
    /// A subscriber with its own subscription.
    Subscriber(&'a K, &'a V),
    /// The members of a shared subscription (`$share/NAME/FILTER`), one of whom gets the message. Never empty.
    Group {
        /// The share name.
        name: &'a str,
        /// The members, in no particular order.
        members: &'a [(K, V)],
    },
}

impl<K: Eq + Hash + Clone, V> SubscriptionTrie<K, V> {
    /// An empty trie.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many subscriptions are held.
    pub fn len(&self) -> usize {
        self.subscriptions
    }

    /// Whether no subscription is held.
    pub fn is_empty(&self) -> bool {
        self.subscriptions == 0
    }

    /// Subscribes, and returns what the subscriber's former subscription to the same filter said.
    pub fn insert(&mut self, filter: &TopicFilter, key: K, value: V) -> Option<V> {
        let members = self
            .root
            .slot_mut(filter.levels())
            .members_mut(filter.share_name());
        let is_first = members.is_empty();
        let former = members.insert(key, value);
        if former.is_none() {
            self.subscriptions += 1;
            self.groups += usize::from(is_first && filter.share_name().is_some());
        }
        former
    }

    /// Takes a subscription out and returns what it said.
    pub fn remove(&mut self, filter: &TopicFilter, key: &K) -> Option<V> {
        let removed = self.root.remove(&mut filter.levels(), filter.share_name(), key);
        if removed.is_some() {
            self.subscriptions -= 1;
            self.groups -= usize::from(filter.share_name().is_some() && self.members(filter).is_empty());
        }
        removed
    }

    /// Who subscribes with exactly this filter; of a shared subscription its members.
    pub fn members(&self, filter: &TopicFilter) -> &[(K, V)] {
        let slot = self.root.slot(filter.levels());
        slot.map_or(&[], |slot| slot.members(filter.share_name()))
    }

    /// How many shared subscriptions have members.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Calls `visit` for every subscription that matches the topic. A subscriber with several such filters comes
    /// several times, as MQTT 3.1.1 (3.3.5) lets a server deliver.
    pub fn visit<'a>(&'a self, topic: &TopicName, mut visit: impl FnMut(Match<'a, K, V>)) {
        // MQTT 3.1.1, 4.7.2: a wildcard in the first level does not match a topic that begins with $.
        self.root
            .visit(topic.as_bytes(), !topic.is_reserved(), &mut visit);
    }
}

impl<K, V> Default for SubscriptionTrie<K, V> {
    fn default() -> Self {
        Self {
            root: Node::default(),
            subscriptions: 0,
            groups: 0,
        }
    }
}

#[cfg(test)]
mod tests;
