//! The suite of keepers of objects, on a directory.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;
use thingsmith_model::Timestamp;
use thingsmith_objects_directory::{Directory, Limits, OpenError};
use thingsmith_ports::conformance::objects::{BUCKETS, OBJECT_BYTES, ObjectsPlace};
use thingsmith_ports::{Clock, NewObject, ObjectError, Objects, Owner};

thingsmith_ports::objects_suite!(directory);

/// An empty directory.
struct Place(TempDir);

struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(1_795_293_330)
    }
}

const LIMITS: Limits = Limits {
    object_bytes: OBJECT_BYTES,
    total_bytes: 2 * OBJECT_BYTES,
    objects: 100,
    buckets: BUCKETS,
};

async fn directory() -> Option<Place> {
    Some(Place(tempfile::tempdir().unwrap()))
}

fn open(path: &Path) -> Result<Directory, OpenError> {
    Directory::open(&path.join("objects"), LIMITS, Arc::new(Still))
}

#[async_trait]
impl ObjectsPlace for Place {
    async fn open(&self) -> Arc<dyn Objects> {
        Arc::new(open(self.0.path()).unwrap())
    }
}

fn owner() -> Owner {
    Owner {
        account: "000000000001".parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    }
}

async fn put(objects: &Directory, key: &str, length: usize) -> Result<(), ObjectError> {
    let bytes = futures_util::stream::iter([Ok(vec![b'x'; length].into())]);
    let owner = owner();
    let put = objects.put(&owner, "bucket", key, NewObject::default(), Box::pin(bytes));
    put.await.map(drop)
}

/// Every path below one, with its mode.
fn modes(path: &Path) -> Vec<(bool, u32)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(path).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        all.push((metadata.is_dir(), metadata.permissions().mode() & 0o777));
        if metadata.is_dir() {
            all.extend(modes(&entry.path()));
        }
    }
    all
}

#[tokio::test]
async fn a_directory_has_one_owner_and_nobody_else_reads_it() {
    let place = tempfile::tempdir().unwrap();
    let objects = open(place.path()).unwrap();
    assert!(matches!(open(place.path()).err(), Some(OpenError::InUse(_))));
    objects.create_bucket(&owner(), "bucket").await.unwrap();
    put(&objects, "key", 3).await.unwrap();
    let modes = modes(place.path());
    assert_eq!(modes.len(), 7);
    for (directory, mode) in modes {
        assert_eq!(mode, if directory { 0o700 } else { 0o600 });
    }
    drop(objects);
    open(place.path()).unwrap();
}

#[tokio::test]
async fn what_a_crash_left_is_swept_and_what_is_no_object_is_not_told() {
    let place = tempfile::tempdir().unwrap();
    let objects = open(place.path()).unwrap();
    objects.create_bucket(&owner(), "bucket").await.unwrap();
    put(&objects, "key", 3).await.unwrap();
    drop(objects);
    let directory = place.path().join("objects");
    fs::write(directory.join("arriving/7"), b"half an object").unwrap();
    fs::create_dir(directory.join("arriving/8")).unwrap();
    fs::write(directory.join("arriving/8/bucket.json"), b"{}").unwrap();
    fs::create_dir(directory.join("buckets/none")).unwrap();
    let bucket = fs::read_dir(directory.join("buckets"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("bucket.json").exists())
        .unwrap();
    fs::write(bucket.join("torn"), b"obj1").unwrap();
    fs::write(bucket.join("long"), b"\xff\xff\xff\xffobj1").unwrap();

    let objects = open(place.path()).unwrap();
    assert_eq!(fs::read_dir(directory.join("arriving")).unwrap().count(), 0);
    let listed = objects.list(&owner(), "bucket", "", "", 10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(objects.buckets(&owner()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn all_objects_together_have_a_limit() {
    let place = tempfile::tempdir().unwrap();
    let objects = open(place.path()).unwrap();
    objects.create_bucket(&owner(), "bucket").await.unwrap();
    let most = usize::try_from(OBJECT_BYTES).unwrap();
    put(&objects, "one", most).await.unwrap();
    put(&objects, "two", most - 1).await.unwrap();
    put(&objects, "three", 1).await.unwrap();
    assert_eq!(put(&objects, "four", 1).await, Err(ObjectError::TooLarge));
    objects.delete(&owner(), "bucket", "three").await.unwrap();
    put(&objects, "four", 1).await.unwrap();
    objects.reset().await.unwrap();
    objects.create_bucket(&owner(), "bucket").await.unwrap();
    for number in 0..LIMITS.objects {
        put(&objects, &number.to_string(), 0).await.unwrap();
    }
    assert_eq!(put(&objects, "one more", 0).await, Err(ObjectError::TooLarge));
    put(&objects, "7", 1).await.unwrap();
    let left = fs::read_dir(place.path().join("objects/arriving")).unwrap();
    assert_eq!(left.count(), 0, "what was refused is gone");
}
