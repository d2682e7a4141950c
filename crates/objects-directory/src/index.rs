//! What is kept, by name, without what is said of it.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;

use thingsmith_model::Timestamp;
use thingsmith_ports::{ObjectError, Owner};

/// The buckets of all realms.
#[derive(Default)]
pub(crate) struct Index {
    pub(crate) buckets: HashMap<String, Kept>,
    /// Objects of all buckets.
    pub(crate) objects: usize,
    /// Bytes of all objects.
    pub(crate) bytes: u64,
}

/// A bucket and the keys in it.
pub(crate) struct Kept {
    pub(crate) owner: Owner,
    pub(crate) created: Timestamp,
    /// The length of each object, by key.
    pub(crate) keys: BTreeMap<String, u64>,
}

impl Index {
    /// A bucket of this owner.
    pub(crate) fn bucket(&self, owner: &Owner, bucket: &str) -> Result<&Kept, ObjectError> {
        let kept = self.buckets.get(bucket).filter(|kept| kept.owner == *owner);
        kept.ok_or(ObjectError::NoSuchBucket)
    }

    /// Notes an object that is kept now.
    pub(crate) fn add(&mut self, bucket: &str, key: &str, size: u64) {
        let Some(kept) = self.buckets.get_mut(bucket) else {
            return;
        };
        self.bytes += size;
        match kept.keys.insert(key.to_owned(), size) {
            Some(before) => self.bytes -= before,
            None => self.objects += 1,
        }
    }

    /// Notes an object that is gone.
    pub(crate) fn remove(&mut self, bucket: &str, key: &str) {
        let removed = self
            .buckets
            .get_mut(bucket)
            .and_then(|kept| kept.keys.remove(key));
        if let Some(size) = removed {
            self.bytes -= size;
            self.objects -= 1;
        }
    }
}

impl Kept {
    /// The first keys that begin with `prefix` and come after `after`.
    pub(crate) fn keys_after(&self, prefix: &str, after: &str, most: usize) -> Vec<String> {
        let from = if after < prefix {
            Bound::Included(prefix)
        } else {
            Bound::Excluded(after)
        };
        self.keys
            .range::<str, _>((from, Bound::Unbounded))
            .map(|(key, _)| key)
            .take_while(|key| key.starts_with(prefix))
            .take(most)
            .cloned()
            .collect()
    }
}
