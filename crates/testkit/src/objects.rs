//! Buckets of which a test says how much can be read.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use thingsmith_ports::{Bucket, NewObject, Object, ObjectBytes, ObjectError, Objects, Owner};
use tokio::sync::watch;

/// Buckets in a directory, as a server has them. A test may hold back what lies behind a place of each object, so that whoever
/// reads one is in the middle of it for as long as the test wants, however fast the machine is.
pub struct TestObjects {
    kept: Arc<dyn Objects>,
    readable: watch::Sender<u64>,
}

impl TestObjects {
    pub(crate) fn new(kept: Arc<dyn Objects>) -> Self {
        let readable = watch::Sender::new(u64::MAX);
        Self { kept, readable }
    }

    /// Holds back what lies behind this offset in the objects of customers' buckets.
    pub fn hold_behind(&self, offset: u64) {
        self.readable.send_replace(offset);
    }

    /// Lets everything be read again.
    pub fn release(&self) {
        self.readable.send_replace(u64::MAX);
    }
}

/// The bytes of an object from an offset, each only once it may be read.
fn held(bytes: ObjectBytes, offset: u64, readable: watch::Receiver<u64>) -> ObjectBytes {
    let begin = (bytes, Bytes::new(), offset, readable);
    Box::pin(stream::unfold(
        begin,
        |(mut bytes, mut left, offset, mut readable)| async move {
            if left.is_empty() {
                left = match bytes.next().await? {
                    Ok(piece) => piece,
                    Err(cause) => return Some((Err(cause), (bytes, left, offset, readable))),
                };
            }
            let most = *readable.wait_for(|most| *most > offset).await.ok()?;
            let room = usize::try_from(most - offset).unwrap_or(usize::MAX);
            let piece = left.split_to(left.len().min(room));
            let offset = offset + piece.len() as u64;
            Some((Ok(piece), (bytes, left, offset, readable)))
        },
    ))
}

#[async_trait]
impl Objects for TestObjects {
    async fn create_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        self.kept.create_bucket(owner, bucket).await
    }

    async fn buckets(&self, owner: &Owner) -> Result<Vec<Bucket>, ObjectError> {
        self.kept.buckets(owner).await
    }

    async fn delete_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        self.kept.delete_bucket(owner, bucket).await
    }

    async fn put(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        put: NewObject,
        bytes: ObjectBytes,
    ) -> Result<Object, ObjectError> {
        self.kept.put(owner, bucket, key, put, bytes).await
    }

    async fn head(&self, owner: &Owner, bucket: &str, key: &str) -> Result<Object, ObjectError> {
        self.kept.head(owner, bucket, key).await
    }

    async fn get(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> Result<(Object, ObjectBytes), ObjectError> {
        let begin = range.start;
        let (object, bytes) = self.kept.get(owner, bucket, key, range).await?;
        // Buckets of the service's own are never held back: reports are read out of them.
        Ok(match bucket.starts_with('.') {
            true => (object, bytes),
            false => (object, held(bytes, begin, self.readable.subscribe())),
        })
    }

    async fn delete(&self, owner: &Owner, bucket: &str, key: &str) -> Result<(), ObjectError> {
        self.kept.delete(owner, bucket, key).await
    }

    async fn list(
        &self,
        owner: &Owner,
        bucket: &str,
        prefix: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<Object>, ObjectError> {
        self.kept.list(owner, bucket, prefix, after, most).await
    }

    async fn reset(&self) -> Result<(), ObjectError> {
        self.kept.reset().await
    }
}
