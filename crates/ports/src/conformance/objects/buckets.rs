//! Buckets and whose they are.

use super::{BUCKET, BUCKETS, ObjectsPlace, get, owner, pieces, prepared, put};
use crate::{NewObject, ObjectError, Objects};

async fn names(objects: &dyn Objects, number: u8) -> Vec<String> {
    let buckets = objects.buckets(&owner(number)).await.unwrap();
    buckets.into_iter().map(|bucket| bucket.name).collect()
}

/// Making it again changes nothing.
pub async fn a_bucket_is_made_once(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    let before = objects.buckets(&owner(1)).await.unwrap();
    put(&objects, "key", "text").await.unwrap();
    objects.create_bucket(&owner(1), BUCKET).await.unwrap();
    assert_eq!(objects.buckets(&owner(1)).await.unwrap(), before);
    assert_eq!(get(&objects, "key").await.unwrap(), "text");
    objects.create_bucket(&owner(1), "a-bucket-before").await.unwrap();
    assert_eq!(names(&*objects, 1).await, ["a-bucket-before", BUCKET]);
}

/// To others it is as if it were not there, but that they cannot make it.
pub async fn a_bucket_of_another_realm_is_taken_and_not_seen(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    put(&objects, "key", "text").await.unwrap();
    let other = owner(2);
    let mut elsewhere = owner(1);
    elsewhere.region = "eu-west-2".parse().unwrap();
    for stranger in [&other, &elsewhere] {
        let taken = objects.create_bucket(stranger, BUCKET).await;
        assert_eq!(taken, Err(ObjectError::BucketTaken));
        assert_eq!(objects.buckets(stranger).await.unwrap(), []);
        let not_seen = Err(ObjectError::NoSuchBucket);
        assert_eq!(objects.head(stranger, BUCKET, "key").await, not_seen);
        let got = objects.get(stranger, BUCKET, "key", 0..1).await.map(drop);
        assert_eq!(got, Err(ObjectError::NoSuchBucket));
        let listed = objects.list(stranger, BUCKET, "", "", 10).await;
        assert_eq!(listed, Err(ObjectError::NoSuchBucket));
        let new = NewObject::default();
        let put = objects.put(stranger, BUCKET, "key", new, pieces(["x"])).await;
        assert_eq!(put, Err(ObjectError::NoSuchBucket));
        let deleted = objects.delete(stranger, BUCKET, "key").await;
        assert_eq!(deleted, Err(ObjectError::NoSuchBucket));
        let deleted = objects.delete_bucket(stranger, BUCKET).await;
        assert_eq!(deleted, Err(ObjectError::NoSuchBucket));
    }
    assert_eq!(get(&objects, "key").await.unwrap(), "text");
}

/// Only an empty bucket goes, and its name is free afterwards.
pub async fn a_bucket_with_objects_is_not_deleted(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    put(&objects, "key", "text").await.unwrap();
    let refused = objects.delete_bucket(&owner(1), BUCKET).await;
    assert_eq!(refused, Err(ObjectError::BucketNotEmpty));
    objects.delete(&owner(1), BUCKET, "key").await.unwrap();
    objects.delete_bucket(&owner(1), BUCKET).await.unwrap();
    assert_eq!(put(&objects, "key", "x").await, Err(ObjectError::NoSuchBucket));
    let again = objects.delete_bucket(&owner(1), BUCKET).await;
    assert_eq!(again, Err(ObjectError::NoSuchBucket));
    objects.create_bucket(&owner(2), BUCKET).await.unwrap();
}

/// The limit is each realm's own, and the service's own buckets are not counted.
pub async fn a_realm_has_so_many_buckets_and_no_more(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    for number in 1..BUCKETS {
        let name = format!("bucket-{number}");
        objects.create_bucket(&owner(1), &name).await.unwrap();
    }
    let refused = objects.create_bucket(&owner(1), "one-more").await;
    assert_eq!(refused, Err(ObjectError::TooManyBuckets));
    objects.create_bucket(&owner(1), BUCKET).await.unwrap();
    objects.create_bucket(&owner(1), ".own").await.unwrap();
    objects.create_bucket(&owner(2), "one-more").await.unwrap();
}

/// As a development server wants it.
pub async fn everything_is_deleted_at_once(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    put(&objects, "key", "text").await.unwrap();
    objects.reset().await.unwrap();
    assert_eq!(objects.buckets(&owner(1)).await.unwrap(), []);
    objects.create_bucket(&owner(1), BUCKET).await.unwrap();
    assert_eq!(get(&objects, "key").await, Err(ObjectError::NoSuchKey));
}
