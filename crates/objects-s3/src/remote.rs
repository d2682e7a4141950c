//! The keeper of the buckets of all realms, in one bucket of the other server.

use std::ops::Range;

use async_trait::async_trait;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use thingsmith_ports::{Bucket, Condition, NewObject, Object, ObjectBytes, ObjectError, Objects, Owner};

use crate::failure::Failure;
use crate::names::{self, Claim, FOLDERS};
use crate::place::Place;
use crate::{MOST_OBJECT_BYTES, putting, reading};

/// How much is kept. How much in all is the other server's business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of an object: [`MOST_OBJECT_BYTES`] at most.
    pub object_bytes: u64,
    /// Most buckets of a realm. Those whose name begins with a dot are the service's own and not counted.
    pub buckets: usize,
}

impl Default for Limits {
    /// Objects of 16 GiB, and a hundred buckets for each realm.
    fn default() -> Self {
        Self {
            object_bytes: 16 << 30,
            buckets: 100,
        }
    }
}

/// Keeps the buckets of all realms at the other server. Any number of nodes may do so at once.
#[derive(Debug, Clone)]
pub struct Remote {
    place: Place,
    limits: Limits,
}

/// How often a bucket that others make and delete meanwhile is looked at again.
const TRIES: usize = 5;
/// Requests that are under way while everything is deleted.
const DELETING: usize = 8;

impl Remote {
    /// A keeper in this place, which nothing else uses.
    pub fn new(place: Place, limits: Limits) -> Self {
        let object_bytes = limits.object_bytes.min(MOST_OBJECT_BYTES);
        Self {
            place,
            limits: Limits {
                object_bytes,
                ..limits
            },
        }
    }

    /// Asks whether the place can be used.
    ///
    /// # Errors
    /// [`ObjectError::Refused`] when the server does not take the key or the bucket is not there; [`ObjectError::Unavailable`]
    /// when it does not answer.
    pub async fn check(&self) -> Result<(), ObjectError> {
        match self.place.list("", "", 1).await {
            Ok(_) => Ok(()),
            Err(Failure::NoSuchBucket | Failure::NoSuchKey) => Err(ObjectError::Refused(format!(
                "{} does not exist",
                self.place.here()
            ))),
            Err(failure) => Err(failure.told(&self.place.here())),
        }
    }

    /// As the keeper's users have it. That the one bucket which holds all is missing is none of their business.
    fn told(&self, failure: Failure) -> ObjectError {
        match failure {
            Failure::NoSuchBucket => Failure::Unavailable("it is not there".into()),
            failure => failure,
        }
        .told(&self.place.here())
    }

    /// Whose a bucket is, if there is one.
    async fn owner(&self, bucket: &str) -> Result<Option<Owner>, ObjectError> {
        let text = match self.place.text(&names::claim(bucket)).await {
            Ok(text) => text,
            Err(Failure::NoSuchKey) => return Ok(None),
            Err(failure) => return Err(self.told(failure)),
        };
        let claim: Claim = serde_json::from_slice(&text).map_err(|_| {
            self.told(Failure::Unavailable(
                "what it says of a bucket cannot be read".into(),
            ))
        })?;
        Ok(Some(claim.into_owner()))
    }

    async fn check_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        match self.owner(bucket).await? {
            Some(found) if found == *owner => Ok(()),
            _ => Err(ObjectError::NoSuchBucket),
        }
    }

    fn objects(&self, owner: &Owner, bucket: &str) -> Place {
        self.place.below(&names::objects(owner, bucket))
    }

    /// What is missing: the object, or the bucket already.
    async fn missing(&self, owner: &Owner, bucket: &str, failure: Failure) -> ObjectError {
        match failure {
            Failure::NoSuchKey => match self.check_bucket(owner, bucket).await {
                Ok(()) => ObjectError::NoSuchKey,
                Err(error) => error,
            },
            failure => self.told(failure),
        }
    }

    async fn entries(&self, owner: &Owner) -> Result<Vec<Bucket>, ObjectError> {
        let place = self.place.below(&names::buckets(owner));
        let listed = place.list("", "", usize::MAX).await;
        let listed = listed.map_err(|failure| self.told(failure))?;
        let buckets = listed.into_iter().map(|object| Bucket {
            name: object.key,
            created: object.modified,
        });
        Ok(buckets.collect())
    }
}

#[async_trait]
impl Objects for Remote {
    async fn create_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        let entry = format!("{}{bucket}", names::buckets(owner));
        let claim = serde_json::to_vec(&Claim::of(owner))
            .map_err(|error| ObjectError::Unavailable(error.to_string()))?;
        for _ in 0..TRIES {
            match self.owner(bucket).await? {
                Some(found) if found != *owner => return Err(ObjectError::BucketTaken),
                Some(_) => match self.place.head(&entry).await {
                    Ok(_) => return Ok(()),
                    // Whoever made it went away in between.
                    Err(Failure::NoSuchKey) => {}
                    Err(failure) => return Err(self.told(failure)),
                },
                None => {
                    let counted = |name: &str| !name.starts_with('.');
                    if counted(bucket) {
                        let entries = self.entries(owner).await?;
                        let theirs = entries.iter().filter(|entry| counted(&entry.name));
                        if theirs.count() >= self.limits.buckets {
                            return Err(ObjectError::TooManyBuckets);
                        }
                    }
                    let new = NewObject {
                        content_type: Some("application/json".into()),
                        condition: Condition::Absent,
                        ..NewObject::default()
                    };
                    match self
                        .place
                        .put(&names::claim(bucket), &new, claim.clone().into())
                        .await
                    {
                        Ok(_) => {}
                        // Somebody else was faster.
                        Err(Failure::Condition) => continue,
                        Err(failure) => return Err(self.told(failure)),
                    }
                }
            }
            let kept = self
                .place
                .put(&entry, &NewObject::default(), Default::default())
                .await;
            return kept.map(drop).map_err(|failure| self.told(failure));
        }
        Err(ObjectError::Unavailable(
            "the bucket is made and deleted more often than it can be made".into(),
        ))
    }

    async fn buckets(&self, owner: &Owner) -> Result<Vec<Bucket>, ObjectError> {
        self.entries(owner).await
    }

    async fn delete_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        self.check_bucket(owner, bucket).await?;
        let listed = self.objects(owner, bucket).list("", "", 1).await;
        if !listed.map_err(|failure| self.told(failure))?.is_empty() {
            return Err(ObjectError::BucketNotEmpty);
        }
        let entry = format!("{}{bucket}", names::buckets(owner));
        // The claim last, so that whoever is interrupted can delete it once more.
        for key in [entry, names::claim(bucket)] {
            self.place
                .delete(&key)
                .await
                .map_err(|failure| self.told(failure))?;
        }
        Ok(())
    }

    async fn put(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        put: NewObject,
        bytes: ObjectBytes,
    ) -> Result<Object, ObjectError> {
        self.check_bucket(owner, bucket).await?;
        let place = self.objects(owner, bucket);
        let done = putting::put(&place, key, put, bytes, self.limits.object_bytes).await;
        done.map_err(|failure| self.told(failure))
    }

    async fn head(&self, owner: &Owner, bucket: &str, key: &str) -> Result<Object, ObjectError> {
        match self.objects(owner, bucket).head(key).await {
            Ok(object) => Ok(object),
            Err(failure) => Err(self.missing(owner, bucket, failure).await),
        }
    }

    async fn get(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> Result<(Object, ObjectBytes), ObjectError> {
        match reading::open(&self.objects(owner, bucket), key, range).await {
            Ok(opened) => Ok(opened),
            Err(failure) => Err(self.missing(owner, bucket, failure).await),
        }
    }

    async fn delete(&self, owner: &Owner, bucket: &str, key: &str) -> Result<(), ObjectError> {
        self.check_bucket(owner, bucket).await?;
        let deleted = self.objects(owner, bucket).delete(key).await;
        deleted.map_err(|failure| self.told(failure))
    }

    async fn list(
        &self,
        owner: &Owner,
        bucket: &str,
        prefix: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<Object>, ObjectError> {
        let listed = self.objects(owner, bucket).list(prefix, after, most).await;
        let listed = listed.map_err(|failure| self.told(failure))?;
        if listed.is_empty() {
            self.check_bucket(owner, bucket).await?;
        }
        Ok(listed)
    }

    async fn reset(&self) -> Result<(), ObjectError> {
        for folder in FOLDERS {
            let place = self.place.below(folder);
            loop {
                let listed = place
                    .list("", "", 1000)
                    .await
                    .map_err(|failure| self.told(failure))?;
                if listed.is_empty() {
                    break;
                }
                stream::iter(listed)
                    .map(|object| {
                        let place = place.clone();
                        async move { place.delete(&object.key).await }
                    })
                    .buffer_unordered(DELETING)
                    .try_collect::<()>()
                    .await
                    .map_err(|failure| self.told(failure))?;
            }
        }
        Ok(())
    }
}
