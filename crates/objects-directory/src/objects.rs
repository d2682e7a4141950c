//! The port.

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use thingsmith_ports::{Bucket, Condition, NewObject, Object, ObjectBytes, ObjectError, Objects, Owner};

use crate::bucket::BucketFile;
use crate::index::Kept;
use crate::{BUCKETS, Directory, Shared, blocking, failed, incoming, reading, record, sync_directory};

#[async_trait]
impl Objects for Directory {
    async fn create_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        let (shared, owner, bucket) = (Arc::clone(&self.0), owner.clone(), bucket.to_owned());
        blocking(move || shared.create_bucket(owner, &bucket)).await
    }

    async fn buckets(&self, owner: &Owner) -> Result<Vec<Bucket>, ObjectError> {
        let index = self.0.index();
        let mut buckets: Vec<Bucket> = index
            .buckets
            .iter()
            .filter(|(_, kept)| kept.owner == *owner)
            .map(|(name, kept)| Bucket {
                name: name.clone(),
                created: kept.created,
            })
            .collect();
        buckets.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(buckets)
    }

    async fn delete_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        let (shared, owner, bucket) = (Arc::clone(&self.0), owner.clone(), bucket.to_owned());
        blocking(move || shared.delete_bucket(&owner, &bucket)).await
    }

    async fn put(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        put: NewObject,
        bytes: ObjectBytes,
    ) -> Result<Object, ObjectError> {
        self.0.index().bucket(owner, bucket)?;
        let condition = put.condition.clone();
        if condition != Condition::Always {
            // What is refused anyway need not be written first.
            let (shared, condition) = (Arc::clone(&self.0), condition.clone());
            let (bucket, key) = (bucket.to_owned(), key.to_owned());
            blocking(move || shared.check(&condition, &bucket, &key)).await?;
        }
        let (arriving, object) = incoming::receive(&self.0, key, put, bytes).await?;
        let (shared, owner, bucket) = (Arc::clone(&self.0), owner.clone(), bucket.to_owned());
        blocking(move || {
            let path = shared.object_path(&bucket, &object.key);
            {
                let mut index = shared.index();
                let kept = index.bucket(&owner, &bucket)?;
                let new = !kept.keys.contains_key(&object.key);
                if new && index.objects >= shared.limits.objects {
                    return Err(ObjectError::TooLarge);
                }
                shared.check(&condition, &bucket, &object.key)?;
                fs::rename(&arriving.path, &path).map_err(failed("keeping a file"))?;
                index.add(&bucket, &object.key, object.size);
            }
            drop(arriving);
            sync_directory(&shared.bucket_path(&bucket)).map_err(failed("making a name durable"))?;
            Ok(object)
        })
        .await
    }

    async fn head(&self, owner: &Owner, bucket: &str, key: &str) -> Result<Object, ObjectError> {
        let (_, object) = self.open_object(owner, bucket, key).await?;
        Ok(object)
    }

    async fn get(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
        range: Range<u64>,
    ) -> Result<(Object, ObjectBytes), ObjectError> {
        let (file, object) = self.open_object(owner, bucket, key).await?;
        let end = range.end.min(object.size);
        let bytes = reading::stream(file, range.start.min(end)..end);
        Ok((object, bytes))
    }

    async fn delete(&self, owner: &Owner, bucket: &str, key: &str) -> Result<(), ObjectError> {
        let (shared, owner) = (Arc::clone(&self.0), owner.clone());
        let (bucket, key) = (bucket.to_owned(), key.to_owned());
        blocking(move || {
            {
                let mut index = shared.index();
                if !index.bucket(&owner, &bucket)?.keys.contains_key(&key) {
                    return Ok(());
                }
                match fs::remove_file(shared.object_path(&bucket, &key)) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(failed("removing a file")(error));
                    }
                    _ => index.remove(&bucket, &key),
                }
            }
            sync_directory(&shared.bucket_path(&bucket)).map_err(failed("making a removal durable"))
        })
        .await
    }

    async fn list(
        &self,
        owner: &Owner,
        bucket: &str,
        prefix: &str,
        after: &str,
        most: usize,
    ) -> Result<Vec<Object>, ObjectError> {
        let (shared, owner, bucket) = (Arc::clone(&self.0), owner.clone(), bucket.to_owned());
        let (prefix, mut after) = (prefix.to_owned(), after.to_owned());
        blocking(move || {
            let mut found: Vec<Object> = Vec::new();
            loop {
                let wanted = most - found.len();
                let keys = shared
                    .index()
                    .bucket(&owner, &bucket)?
                    .keys_after(&prefix, &after, wanted);
                let (Some(last), false) = (keys.last(), wanted == 0) else {
                    return Ok(found);
                };
                after.clone_from(last);
                for key in &keys {
                    // One that was deleted meanwhile is left out, and another one takes its place.
                    found.extend(shared.open_object(&bucket, key)?.map(|(_, object)| object));
                }
            }
        })
        .await
    }

    async fn reset(&self) -> Result<(), ObjectError> {
        let shared = Arc::clone(&self.0);
        blocking(move || {
            let mut index = shared.index();
            let names: Vec<String> = index.buckets.keys().cloned().collect();
            for name in names {
                shared.remove_folder(&name)?;
                if let Some(kept) = index.buckets.remove(&name) {
                    index.objects -= kept.keys.len();
                    index.bytes -= kept.keys.values().sum::<u64>();
                }
            }
            Ok(())
        })
        .await
    }
}

impl Directory {
    async fn open_object(
        &self,
        owner: &Owner,
        bucket: &str,
        key: &str,
    ) -> Result<(File, Object), ObjectError> {
        self.0.index().bucket(owner, bucket)?;
        let (shared, bucket, key) = (Arc::clone(&self.0), bucket.to_owned(), key.to_owned());
        blocking(move || shared.open_object(&bucket, &key)?.ok_or(ObjectError::NoSuchKey)).await
    }
}

impl Shared {
    /// Decides whether what is there is as a put wants it. For good it is decided while the index is held.
    fn check(&self, condition: &Condition, bucket: &str, key: &str) -> Result<(), ObjectError> {
        if *condition == Condition::Always {
            return Ok(());
        }
        let there = self.open_object(bucket, key)?;
        condition.check(there.as_ref().map(|(_, object)| object.etag.as_str()))
    }

    fn open_object(&self, bucket: &str, key: &str) -> Result<Option<(File, Object)>, ObjectError> {
        let mut file = match File::open(self.object_path(bucket, key)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed("opening a file"))?,
        };
        let object = record::read(&mut file).map_err(failed("reading a file"))?;
        Ok(Some((file, object)))
    }

    fn create_bucket(&self, owner: Owner, bucket: &str) -> Result<(), ObjectError> {
        let created = self.clock.now();
        let said = BucketFile {
            name: bucket.to_owned(),
            account: owner.account.clone(),
            region: owner.region.clone(),
            created: created.as_millis(),
        };
        let mut index = self.index();
        if let Some(kept) = index.buckets.get(bucket) {
            return match kept.owner == owner {
                true => Ok(()),
                false => Err(ObjectError::BucketTaken),
            };
        }
        let counted = |name: &str| !name.starts_with('.');
        let theirs = index.buckets.iter();
        let theirs = theirs.filter(|(name, kept)| kept.owner == owner && counted(name));
        if counted(bucket) && theirs.count() >= self.limits.buckets {
            return Err(ObjectError::TooManyBuckets);
        }
        // Buckets are made seldom: the index waits for the disk this once.
        let arriving = self.arriving_path();
        said.make(&arriving).map_err(failed("making a folder"))?;
        fs::rename(&arriving, self.bucket_path(bucket)).map_err(failed("making a folder"))?;
        sync_directory(&self.path.join(BUCKETS)).map_err(failed("making a folder durable"))?;
        let kept = Kept {
            owner,
            created,
            keys: Default::default(),
        };
        index.buckets.insert(bucket.to_owned(), kept);
        Ok(())
    }

    fn delete_bucket(&self, owner: &Owner, bucket: &str) -> Result<(), ObjectError> {
        let mut index = self.index();
        if !index.bucket(owner, bucket)?.keys.is_empty() {
            return Err(ObjectError::BucketNotEmpty);
        }
        self.remove_folder(bucket)?;
        index.buckets.remove(bucket);
        Ok(())
    }

    /// Takes a bucket's folder away at once, and then removes what is in it.
    fn remove_folder(&self, bucket: &str) -> Result<(), ObjectError> {
        let leaving = self.arriving_path();
        fs::rename(self.bucket_path(bucket), &leaving).map_err(failed("removing a folder"))?;
        sync_directory(&self.path.join(BUCKETS)).map_err(failed("making a removal durable"))?;
        if let Err(error) = fs::remove_dir_all(&leaving) {
            tracing::warn!(%error, "a bucket's folder stays until the next start");
        }
        Ok(())
    }
}
