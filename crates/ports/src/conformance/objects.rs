//! What every [`Objects`] must do: one public function per behaviour, made into tests by [`crate::objects_suite`].

mod buckets;
mod bytes;
mod lists;
mod restarts;

use std::sync::Arc;

use ::bytes::Bytes;
use async_trait::async_trait;
use futures_util::{StreamExt as _, stream};

pub use self::buckets::*;
pub use self::bytes::*;
pub use self::lists::*;
pub use self::restarts::*;
use crate::{NewObject, Object, ObjectBytes, ObjectError, Objects, Owner};

/// Where one test's objects live: empty when the test begins, and nobody else's. It keeps objects of up to
/// [`OBJECT_BYTES`], and three buckets for each realm.
#[async_trait]
pub trait ObjectsPlace: Send + Sync + 'static {
    /// Opens it, with what was put before.
    async fn open(&self) -> Arc<dyn Objects>;

    /// Most bytes of a key: fewer where another name stands before it.
    fn longest_key(&self) -> usize {
        1024
    }

    /// Whether it keeps the entity tag that an object in parts is given, and has none of its own for it.
    fn keeps_tags(&self) -> bool {
        true
    }
}

/// Most bytes of an object in the suite.
pub const OBJECT_BYTES: u64 = 2 << 20;
/// Most buckets of a realm in the suite.
pub const BUCKETS: usize = 3;

/// Makes a test of each behaviour, given an async function that makes an `Option` of an [`ObjectsPlace`]. `None` skips the
/// test, and the function says why.
#[macro_export]
macro_rules! objects_suite {
    ($place:ident) => {
        $crate::objects_suite_tests! { $place:
            a_bucket_is_made_once
            a_bucket_of_another_realm_is_taken_and_not_seen
            a_bucket_with_objects_is_not_deleted
            a_realm_has_so_many_buckets_and_no_more
            everything_is_deleted_at_once
            what_was_put_comes_back
            a_range_is_cut_out
            a_reader_of_a_replaced_object_goes_on
            bytes_that_fail_change_nothing
            an_object_that_is_too_large_changes_nothing
            a_put_that_nobody_waits_for_changes_nothing
            a_put_may_depend_on_what_is_there
            of_many_that_must_not_replace_one_is_kept
            any_key_is_a_key
            of_two_at_once_one_is_whole
            what_is_deleted_is_gone
            keys_are_listed_in_the_order_of_their_bytes
            a_list_is_cut_by_prefix_and_key
            what_was_answered_outlives_a_restart
        }
    };
}

/// A test of each behaviour.
#[doc(hidden)]
#[macro_export]
macro_rules! objects_suite_tests {
    ($place:ident: $($behaviour:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $behaviour() {
            if let Some(place) = $place().await {
                $crate::conformance::objects::$behaviour(&place).await;
            }
        }
    )*};
}

/// Opens a place with a bucket.
async fn prepared(place: &dyn ObjectsPlace) -> Arc<dyn Objects> {
    let objects = place.open().await;
    objects.create_bucket(&owner(1), BUCKET).await.unwrap();
    objects
}

const BUCKET: &str = "bucket-of-the-suite";

fn owner(number: u8) -> Owner {
    Owner {
        account: format!("00000000000{number}").parse().unwrap(),
        region: "eu-west-1".parse().unwrap(),
    }
}

/// The pieces as a stream.
fn pieces<const N: usize>(pieces: [&str; N]) -> ObjectBytes {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Ok(Bytes::from((*piece).to_owned())))
        .collect();
    Box::pin(stream::iter(pieces))
}

async fn put(objects: &Arc<dyn Objects>, key: &str, text: &str) -> Result<Object, ObjectError> {
    objects
        .put(&owner(1), BUCKET, key, NewObject::default(), pieces([text]))
        .await
}

async fn read(mut bytes: ObjectBytes) -> Result<Vec<u8>, ObjectError> {
    let mut all = Vec::new();
    while let Some(piece) = bytes.next().await {
        all.extend_from_slice(&piece?);
    }
    Ok(all)
}

async fn get(objects: &Arc<dyn Objects>, key: &str) -> Result<String, ObjectError> {
    let (object, bytes) = objects.get(&owner(1), BUCKET, key, 0..u64::MAX).await?;
    let text = read(bytes).await?;
    assert_eq!(object.size, text.len() as u64);
    Ok(String::from_utf8(text).unwrap())
}

async fn keys(objects: &Arc<dyn Objects>, prefix: &str, after: &str, most: usize) -> Vec<String> {
    let listed = objects
        .list(&owner(1), BUCKET, prefix, after, most)
        .await
        .unwrap();
    listed.into_iter().map(|object| object.key).collect()
}
