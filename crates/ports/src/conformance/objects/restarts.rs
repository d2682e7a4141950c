//! What is there after a restart.

use super::{BUCKET, ObjectsPlace, get, keys, owner, prepared, put};
use crate::ObjectError;

/// Buckets, whose they are, and objects.
pub async fn what_was_answered_outlives_a_restart(place: &dyn ObjectsPlace) {
    let objects = prepared(place).await;
    objects.create_bucket(&owner(2), "deleted").await.unwrap();
    objects.delete_bucket(&owner(2), "deleted").await.unwrap();
    let object = put(&objects, "../key", "text").await.unwrap();
    put(&objects, "replaced", "first").await.unwrap();
    put(&objects, "replaced", "second").await.unwrap();
    put(&objects, "deleted", "x").await.unwrap();
    objects.delete(&owner(1), BUCKET, "deleted").await.unwrap();
    let buckets = objects.buckets(&owner(1)).await.unwrap();
    drop(objects);

    let objects = place.open().await;
    assert_eq!(objects.buckets(&owner(1)).await.unwrap(), buckets);
    assert_eq!(objects.buckets(&owner(2)).await.unwrap(), []);
    assert_eq!(
        objects.create_bucket(&owner(2), BUCKET).await,
        Err(ObjectError::BucketTaken)
    );
    assert_eq!(keys(&objects, "", "", 10).await, ["../key", "replaced"]);
    assert_eq!(objects.head(&owner(1), BUCKET, "../key").await.unwrap(), object);
    assert_eq!(get(&objects, "replaced").await.unwrap(), "second");
}
