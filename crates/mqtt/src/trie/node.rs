//! One level of the trie and the branches below it.

use std::collections::HashMap;
use std::hash::Hash;
use std::iter;

use foldhash::fast::RandomState;

use super::{Match, Members};

/// The filters that agree up to a level.
#[derive(Debug)]
pub(super) struct Node<K, V> {
    /// Filters that end here.
    here: Slot<K, V>,
    /// Filters that end here with `/#`.
    rest: Option<Box<Slot<K, V>>>,
    /// Filters that go on with `+`.
    any: Option<Box<Node<K, V>>>,
    /// Filters that go on with a word.
    words: Words<K, V>,
}

/// Branches by word. Most nodes of a fleet (`devices/ID/commands`) have one, which then needs no table.
#[derive(Debug)]
enum Words<K, V> {
    None,
    One(Box<[u8]>, Box<Node<K, V>>),
    Many(HashMap<Box<[u8]>, Box<Node<K, V>>, RandomState>),
}

/// The subscribers of one filter, alone and in groups.
#[derive(Debug)]
pub(super) struct Slot<K, V> {
    alone: Members<K, V>,
    groups: Vec<(Box<str>, Members<K, V>)>,
}

impl<K: Eq + Hash + Clone, V> Node<K, V> {
    /// The place of a filter, made if it is not there.
    pub(super) fn slot_mut<'f>(&mut self, mut levels: impl Iterator<Item = &'f [u8]>) -> &mut Slot<K, V> {
        let mut node = self;
        loop {
            node = match levels.next() {
                None => return &mut node.here,
                Some(b"#") => return node.rest.get_or_insert_default(),
                Some(b"+") => node.any.get_or_insert_default(),
                Some(word) => node.words.get_or_insert(word),
            };
        }
    }

    /// Takes a subscription out, and with it every branch that holds nothing more. It calls itself once a level.
    pub(super) fn remove<'f>(
        &mut self,
        levels: &mut impl Iterator<Item = &'f [u8]>,
        share_name: Option<&str>,
        key: &K,
    ) -> Option<V> {
        match levels.next() {
            None => self.here.remove(share_name, key),
            Some(b"#") => {
                let removed = self.rest.as_mut()?.remove(share_name, key);
                self.rest.take_if(|slot| slot.is_empty());
                removed
            }
            Some(b"+") => {
                let removed = self.any.as_mut()?.remove(levels, share_name, key);
                self.any.take_if(|node| node.is_empty());
                removed
            }
            Some(word) => {
                let removed = self.words.get_mut(word)?.remove(levels, share_name, key);
                self.words.prune(word);
                removed
            }
        }
    }
}

impl<K, V> Node<K, V> {
    /// The place of a filter, if it is there.
    pub(super) fn slot<'f>(&self, mut levels: impl Iterator<Item = &'f [u8]>) -> Option<&Slot<K, V>> {
        let mut node = self;
        loop {
            node = match levels.next() {
                None => return Some(&node.here),
                Some(b"#") => return node.rest.as_deref(),
                Some(b"+") => node.any.as_deref()?,
                Some(word) => node.words.get(word)?,
            };
        }
    }

    /// Visits all that match the levels of `topic`; `wildcards` says whether they count at this level.
    pub(super) fn visit<'a>(
        &'a self,
        topic: &[u8],
        wildcards: bool,
        visit: &mut impl FnMut(Match<'a, K, V>),
    ) {
        let end = topic.iter().position(|byte| *byte == b'/');
        let (word, below) = match end {
            Some(end) => (&topic[..end], Some(&topic[end + 1..])),
            None => (topic, None),
        };
        if wildcards {
            // AWS's difference: `a/#` stands at the node of `a` and needs a level after it, so `a` itself, which
            // ends at that node, never comes here.
            if let Some(slot) = &self.rest {
                slot.visit(visit);
            }
            if let Some(node) = &self.any {
                node.enter(below, visit);
            }
        }
        if let Some(node) = self.words.get(word) {
            node.enter(below, visit);
        }
    }

    fn enter<'a>(&'a self, below: Option<&[u8]>, visit: &mut impl FnMut(Match<'a, K, V>)) {
        match below {
            Some(below) => self.visit(below, true, visit),
            None => self.here.visit(visit),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.here.is_empty() && self.rest.is_none() && self.any.is_none() && matches!(self.words, Words::None)
    }
}

impl<K, V> Words<K, V> {
    fn get(&self, word: &[u8]) -> Option<&Node<K, V>> {
        match self {
            Self::None => None,
            Self::One(only, node) => (**only == *word).then_some(node),
            Self::Many(nodes) => nodes.get(word).map(|node| &**node),
        }
    }

    fn get_mut(&mut self, word: &[u8]) -> Option<&mut Node<K, V>> {
        match self {
            Self::None => None,
            Self::One(only, node) => (**only == *word).then_some(node),
            Self::Many(nodes) => nodes.get_mut(word).map(|node| &mut **node),
        }
    }

    fn get_or_insert(&mut self, word: &[u8]) -> &mut Node<K, V> {
        match self {
            Self::None => *self = Self::One(word.into(), Box::default()),
            Self::One(only, _) if **only == *word => {}
            Self::One(..) => {
                if let Self::One(only, node) = std::mem::replace(self, Self::None) {
                    *self = Self::Many(iter::once((only, node)).collect());
                }
            }
            Self::Many(_) => {}
        }
        match self {
            Self::None => unreachable!("made above"),
            Self::One(_, node) => node,
            Self::Many(nodes) => nodes.entry(word.into()).or_default(),
        }
    }

    /// Drops the branch of a word if it holds nothing.
    fn prune(&mut self, word: &[u8]) {
        match self {
            Self::None => {}
            Self::One(only, node) => {
                if **only == *word && node.is_empty() {
                    *self = Self::None;
                }
            }
            Self::Many(nodes) => {
                if nodes.get(word).is_some_and(|node| node.is_empty()) {
                    nodes.remove(word);
                    if nodes.len() < nodes.capacity() / 4 {
                        nodes.shrink_to(nodes.len() * 2);
                    }
                }
                if nodes.is_empty() {
                    *self = Self::None;
                }
            }
        }
    }
}

impl<K: Eq + Hash + Clone, V> Slot<K, V> {
    /// The subscribers without a group, or those of a group, made if it is not there.
    pub(super) fn members_mut(&mut self, share_name: Option<&str>) -> &mut Members<K, V> {
        let Some(name) = share_name else {
            return &mut self.alone;
        };
        let position = self.groups.iter().position(|(group, _)| **group == *name);
        let position = position.unwrap_or_else(|| {
            self.groups.push((name.into(), Members::default()));
            self.groups.len() - 1
        });
        &mut self.groups[position].1
    }

    fn remove(&mut self, share_name: Option<&str>, key: &K) -> Option<V> {
        let Some(name) = share_name else {
            return self.alone.remove(key);
        };
        let position = self.groups.iter().position(|(group, _)| **group == *name)?;
        let removed = self.groups[position].1.remove(key);
        if self.groups[position].1.is_empty() {
            self.groups.swap_remove(position);
        }
        removed
    }
}

impl<K, V> Slot<K, V> {
    /// The subscribers without a group, or those of a group.
    pub(super) fn members(&self, share_name: Option<&str>) -> &[(K, V)] {
        let members = match share_name {
            None => Some(&self.alone),
            Some(name) => self
                .groups
                .iter()
                .find(|(group, _)| **group == *name)
                .map(|(_, members)| members),
        };
        members.map_or(&[], Members::as_slice)
    }

    fn visit<'a>(&'a self, visit: &mut impl FnMut(Match<'a, K, V>)) {
        for (key, value) in self.alone.as_slice() {
            visit(Match::Subscriber(key, value));
        }
        for (name, members) in &self.groups {
            visit(Match::Group {
                name,
                members: members.as_slice(),
            });
        }
    }

    fn is_empty(&self) -> bool {
        self.alone.is_empty() && self.groups.is_empty()
    }
}

impl<K, V> Default for Node<K, V> {
    fn default() -> Self {
        Self {
            here: Slot::default(),
            rest: None,
            any: None,
            words: Words::None,
        }
    }
}

impl<K, V> Default for Slot<K, V> {
    fn default() -> Self {
        Self {
            alone: Members::default(),
            groups: Vec::new(),
        }
    }
}
