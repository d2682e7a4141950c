//! The subscribers of one filter: a plain list to walk, and an index beside it once it is long.

use std::collections::HashMap;
use std::hash::Hash;

/// From how many members on a subscriber is looked up and not searched. A fleet-wide filter has one member per
/// device, and all of them may leave at once.
const INDEXED: usize = 16;

/// A map that is walked far more often than changed.
#[derive(Debug)]
pub(super) struct Members<K, V> {
    list: Vec<(K, V)>,
    /// INVARIANT: when present, the position of every key of `list`.
    #[expect(
        clippy::box_collection,
        reason = "nearly every filter has no index, and there are millions of them"
    )]
    index: Option<Box<HashMap<K, usize>>>,
}

impl<K: Eq + Hash + Clone, V> Members<K, V> {
    pub(super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(position) = self.position(&key) {
            return Some(std::mem::replace(&mut self.list[position].1, value));
        }
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.list.len());
        }
        self.list.push((key, value));
        if self.index.is_none() && self.list.len() > INDEXED {
            let positions = self
                .list
                .iter()
                .enumerate()
                .map(|(position, (key, _))| (key.clone(), position));
            self.index = Some(Box::new(positions.collect()));
        }
        None
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        let position = self.position(key)?;
        let (_, value) = self.list.swap_remove(position);
        if let Some(index) = &mut self.index {
            index.remove(key);
            if let Some((moved, _)) = self.list.get(position) {
                index.insert(moved.clone(), position);
            }
        }
        // Half of what made the index, so that one subscriber coming and going does not build it each time.
        if self.list.len() < INDEXED / 2 {
            self.index = None;
        }
        if self.list.len() < self.list.capacity() / 4 {
            self.list.shrink_to(self.list.len() * 2);
        }
        Some(value)
    }

    fn position(&self, key: &K) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.list.iter().position(|(member, _)| member == key),
        }
    }
}

impl<K, V> Members<K, V> {
    pub(super) fn as_slice(&self) -> &[(K, V)] {
        &self.list
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

impl<K, V> Default for Members<K, V> {
    fn default() -> Self {
        Self {
            list: Vec::new(),
            index: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_follows_every_change() {
        let mut members = Members::default();
        for key in 0..200 {
            assert_eq!(members.insert(key, key), None);
        }
        assert_eq!(members.insert(7, 70), Some(7));
        for key in (0..200).step_by(3) {
            assert_eq!(members.remove(&key), Some(key));
            assert_eq!(members.remove(&key), None);
        }
        let left: Vec<i32> = (0..200).filter(|key| key % 3 != 0).collect();
        let mut held: Vec<i32> = members.as_slice().iter().map(|(key, _)| *key).collect();
        held.sort_unstable();
        assert_eq!(held, left);
        for key in left {
            assert_eq!(members.remove(&key), Some(if key == 7 { 70 } else { key }));
        }
        assert!(members.is_empty() && members.index.is_none());
    }
}
