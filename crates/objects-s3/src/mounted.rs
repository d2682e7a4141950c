//! Buckets of the other server that a realm uses as they are, beside those of another keeper.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use thingsmith_model::Timestamp;
use thingsmith_ports::{Bucket, NewObject, Object, ObjectBytes, ObjectError, Objects, Owner};

use crate::place::Place;
use crate::{putting, reading};

/// A bucket that is used as it is.
#[derive(Debug, Clone)]
pub struct Mount {
    /// Its name here.
    pub name: String,
    /// Whose it is here.
    pub owner: Owner,
    /// What it is at the other server.
    pub place: Place,
    /// Most bytes of an object that is put into it.
    pub object_bytes: u64,
}

/// Keeps what `rest` keeps, and the mounted buckets, which are neither made nor deleted here.
pub struct Mounted {
    mounts: HashMap<String, Mount>,
    rest: Arc<dyn Objects>,
    /// When the mounts were made, as far as their owners are told.
    since: Timestamp,
}

impl Mounted {
    /// A keeper. Of two mounts of one name the later one counts.
    pub fn new(mounts: impl IntoIterator<Item = Mount>, rest: Arc<dyn Objects>, since: Timestamp) -> Self {
        let named = mounts.into_iter().map(|mount| (mount.name.clone(), mount));
        Self {
            mounts: named.collect(),
            rest,
            since,
        }
    }

    /// The mount of a name, if it is one: to its owner alone.
    fn mount(&self, owner: &Owner, bucket: &str) -> Result<Option<&Mount>, ObjectError> {
        match self.mounts.get(bucket) {
            Some(mount) if mount.owner != *owner => Err(ObjectError::NoSuchBucket),
            found => Ok(found),
        }
    }
}

#[async_trait]
impl Objects for Mounted {
    async fn create_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        match self.mount(owner, bucket) {
            Ok(None) => self.rest.create_bucket(owner, bucket).await,
            Ok(Some(_)) => Ok(()),
            Err(_) => Err(ObjectError::BucketTaken),
        }
    }

    async fn buckets(&self, owner: &Owner) -> Result<Vec<Bucket>, ObjectError> {
        let mut buckets = self.rest.buckets(owner).await?;
        buckets.retain(|bucket| !self.mounts.contains_key(&bucket.name));
        let theirs = self.mounts.values().filter(|mount| mount.owner == *owner);
        buckets.extend(theirs.map(|mount| Bucket {
            name: mount.name.clone(),
            created: self.since,
        }));
        buckets.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(buckets)
    }

    async fn delete_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        match self.mount(owner, bucket)? {
            None => self.rest.delete_bucket(owner, bucket).await,
            Some(mount) => Err(ObjectError::Refused(format!(
                "{} is not deleted from here",
                mount.place.here()
            ))),
        }
    }

    async fn put(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        put: NewObject,
        bytes: ObjectBytes,
    ) -> Result<Object, ObjectError> {
        let Some(mount) = self.mount(owner, bucket)? else {
            return self.rest.put(owner, bucket, key, put, bytes).await;
        };
        let done = putting::put(&mount.place, key, put, bytes, mount.object_bytes).await;
        done.map_err(|failure| failure.told(&mount.place.here()))
    }

    async fn head(&self, owner: &Owner, bucket: &str, key: &str) -> Result<Object, ObjectError> {
        let Some(Mount { place, .. }) = self.mount(owner, bucket)? else {
            return self.rest.head(owner, bucket, key).await;
        };
        place
            .head(key)
            .await
            .map_err(|failure| failure.told(&place.here()))
    }

    async fn get(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> Result<(Object, ObjectBytes), ObjectError> {
        let Some(Mount { place, .. }) = self.mount(owner, bucket)? else {
            return self.rest.get(owner, bucket, key, range).await;
        };
        let opened = reading::open(place, key, range).await;
        opened.map_err(|failure| failure.told(&place.here()))
    }

    async fn delete(&self, owner: &Owner, bucket: &str, key: &str) -> Result<(), ObjectError> {
        let Some(Mount { place, .. }) = self.mount(owner, bucket)? else {
            return self.rest.delete(owner, bucket, key).await;
        };
        place
            .delete(key)
            .await
            .map_err(|failure| failure.told(&place.here()))
    }

    async fn list(
        &self,
        owner: &Owner,
        bucket: &str,
        prefix: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<Object>, ObjectError> {
        let Some(Mount { place, .. }) = self.mount(owner, bucket)? else {
            return self.rest.list(owner, bucket, prefix, after, most).await;
        };
        let listed = place.list(prefix, after, most).await;
        listed.map_err(|failure| failure.told(&place.here()))
    }

    async fn reset(&self) -> Result<(), ObjectError> {
        self.rest.reset().await
    }
}
