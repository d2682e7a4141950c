//! Files in buckets: what AWS keeps in S3.

use std::fmt;
use std::ops::Range;
use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures_core::Stream;
use thingsmith_model::{Account, Region, Timestamp};
use thiserror::Error;

/// The bytes of an object, piece by piece. A piece that fails ends it.
pub type ObjectBytes = Pin<Box<dyn Stream<Item = Result<Bytes, ObjectError>> + Send>>;

/// Whose a bucket is: a realm by its names, since its number is only known to the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// The account.
    pub account: Account,
    /// The region.
    pub region: Region,
}

/// Keeps objects in buckets. A bucket belongs to one realm, and its name is taken for all of them.
///
/// What a call did is durable when it returns. Nothing is ever seen half: an object appears whole, and a reader of one that is
/// replaced meanwhile goes on with what it began to read.
#[async_trait]
pub trait Objects: Send + Sync + 'static {
    /// Makes a bucket. One that the realm has already is left as it is.
    ///
    /// # Errors
    /// [`ObjectError::BucketTaken`] when another realm has the name; [`ObjectError::TooManyBuckets`].
    async fn create_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError>;

    /// The realm's buckets, by name.
    ///
    /// # Errors
    /// When they cannot be read.
    async fn buckets(&self, owner: &Owner) -> Result<Vec<Bucket>, ObjectError>;

    /// Deletes a bucket.
    ///
    /// # Errors
    /// [`ObjectError::NoSuchBucket`]; [`ObjectError::BucketNotEmpty`].
    async fn delete_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError>;

    /// Keeps an object, in the place of one that has the key. When `bytes` fail, nothing has changed. Of several puts at once
    /// whose condition holds of what is there, that of one holds still when it is kept.
    ///
    /// # Errors
    /// [`ObjectError::NoSuchBucket`]; [`ObjectError::TooLarge`]; what `bytes` fail with; as [`Condition::check`]'s.
    async fn put(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        put: NewObject,
        bytes: ObjectBytes,
    ) -> Result<Object, ObjectError>;

    /// What is known of an object.
    ///
    /// # Errors
    /// [`ObjectError::NoSuchBucket`]; [`ObjectError::NoSuchKey`].
    async fn head(&self, owner: &Owner, bucket: &str, key: &str) -> Result<Object, ObjectError>;

    /// An object's bytes within a range of them (which may end behind the last), all of one version: the one that is described.
    /// Where the way to the keeper breaks while they are read and the object was replaced meanwhile, they fail.
    ///
    /// # Errors
    /// [`ObjectError::NoSuchBucket`]; [`ObjectError::NoSuchKey`].
    async fn get(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> Result<(Object, ObjectBytes), ObjectError>;

    /// Deletes an object; one that is not there is not missed.
    ///
    /// # Errors
    /// [`ObjectError::NoSuchBucket`].
    async fn delete(&self, owner: &Owner, bucket: &str, key: &str) -> Result<(), ObjectError>;

    /// The first `most` objects whose key begins with `prefix` and comes after `after`, in the order of their keys' bytes.
    /// Their type and metadata may be left out.
    ///
    /// # Errors
    /// [`ObjectError::NoSuchBucket`].
    async fn list(
        &self,
        owner: &Owner,
        bucket: &str,
        prefix: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<Object>, ObjectError>;

    /// Deletes the buckets of all realms with all that is in them, for development servers.
    ///
    /// # Errors
    /// When they cannot be deleted.
    async fn reset(&self) -> Result<(), ObjectError>;
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// When it was made.
    pub created: Timestamp,
}

/// What is said of an object when it is put.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewObject {
    /// Its `Content-Type`, if it was given.
    pub content_type: Option<String>,
    /// Its `x-amz-meta-*` headers, without that prefix.
    pub metadata: Vec<(String, String)>,
    /// The entity tag, where it is not the MD5 of the bytes: that of an object in parts. A keeper that makes its own tags does
    /// not need it.
    pub etag: Option<String>,
    /// When it is kept at all.
    pub condition: Condition,
}

/// What must be so for an object to be kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    Always,
    /// There is no object of the key.
    Absent,
    /// The object of the key has this entity tag.
    Matches(String),
}

impl Condition {
    /// Decides, given the entity tag of what is there.
    ///
    /// # Errors
    /// [`ObjectError::ConditionFailed`]; [`ObjectError::NoSuchKey`] where something must be there and is not.
    pub fn check(&self, there: Option<&str>) -> Result<(), ObjectError> {
        match (self, there) {
            (Self::Always, _) | (Self::Absent, None) => Ok(()),
            (Self::Matches(wanted), Some(there)) if wanted == there => Ok(()),
            (Self::Matches(_), None) => Err(ObjectError::NoSuchKey),
            (Self::Absent | Self::Matches(_), Some(_)) => Err(ObjectError::ConditionFailed),
        }
    }
}

/// An object, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its key.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its entity tag without quotes: another one for other bytes.
    pub etag: String,
    /// When it was put.
    pub modified: Timestamp,
    /// Its `Content-Type`, if it was given.
    pub content_type: Option<String>,
    /// Its `x-amz-meta-*` headers, without that prefix.
    pub metadata: Vec<(String, String)>,
}

/// Why objects cannot be had or kept.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ObjectError {
    /// The realm has no bucket of the name.
    #[error("there is no such bucket")]
    NoSuchBucket,
    /// Another realm has a bucket of the name.
    #[error("the name of the bucket is taken")]
    BucketTaken,
    /// The realm has as many buckets as it may have.
    #[error("there are too many buckets")]
    TooManyBuckets,
    /// There are objects in the bucket.
    #[error("the bucket is not empty")]
    BucketNotEmpty,
    /// The bucket has no object of the key.
    #[error("there is no such key")]
    NoSuchKey,
    /// The object that is there is not as the [`Condition`] wants it.
    #[error("the condition of the put does not hold")]
    ConditionFailed,
    /// The object is larger than may be kept, or there is no room for it.
    #[error("the object is larger than may be kept")]
    TooLarge,
    /// Who sends the bytes failed: they are fewer than were announced, or others than their checksum says.
    #[error("{0}")]
    BadBytes(String),
    /// The keeper does not let this server do it, and will not when it is asked again.
    #[error("{0}")]
    Refused(String),
    /// The keeper of objects does not answer, or not as it should.
    #[error("{0}")]
    Unavailable(String),
}

/// Keeps nothing: for programs without buckets.
#[derive(Clone, Copy)]
pub struct NoObjects;

impl fmt::Debug for NoObjects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoObjects")
    }
}

#[async_trait]
impl Objects for NoObjects {
    async fn create_bucket(&self, _owner: &Owner, _bucket: &str) -> Result<(), ObjectError> {
        Err(no_buckets())
    }

    async fn buckets(&self, _owner: &Owner) -> Result<Vec<Bucket>, ObjectError> {
        Ok(Vec::new())
    }

    async fn delete_bucket(&self, _owner: &Owner, _bucket: &str) -> Result<(), ObjectError> {
        Err(ObjectError::NoSuchBucket)
    }

    async fn put(
        &self,
        _owner: &Owner,
        _bucket: &str,
        _key: &str,
        _put: NewObject,
        _bytes: ObjectBytes,
    ) -> Result<Object, ObjectError> {
        Err(ObjectError::NoSuchBucket)
    }

    async fn head(&self, _owner: &Owner, _bucket: &str, _key: &str) -> Result<Object, ObjectError> {
        Err(ObjectError::NoSuchBucket)
    }

    async fn get(
        &self,
        _owner: &Owner,
        _bucket: &str,
        _key: &str,
        _range: Range<u64>,
    ) -> Result<(Object, ObjectBytes), ObjectError> {
        Err(ObjectError::NoSuchBucket)
    }

    async fn delete(&self, _owner: &Owner, _bucket: &str, _key: &str) -> Result<(), ObjectError> {
        Err(ObjectError::NoSuchBucket)
    }

    async fn list(
        &self,
        _owner: &Owner,
        _bucket: &str,
        _prefix: &str,
        _after: &str,
        _most: usize,
    ) -> Result<Vec<Object>, ObjectError> {
        Err(ObjectError::NoSuchBucket)
    }

    async fn reset(&self) -> Result<(), ObjectError> {
        Ok(())
    }
}

fn no_buckets() -> ObjectError {
    ObjectError::Unavailable("no buckets are kept here".into())
}
