//! Code that stands in a bucket.

use bytes::Bytes;
use futures_util::StreamExt as _;
use thingsmith_ports::ObjectError;

use super::MOST_CODE_BYTES;
use crate::realms::RealmRecord;
use crate::{Deeds, Fault, objects};

/// Reads a zip file out of a bucket of the realm, once and for all: what becomes of the object later changes no function. Whether
/// the caller may read it was decided before.
///
/// # Errors
/// `InvalidParameterValueException` in S3's words when it is not there or cannot be read, and when it is larger than a zip file in a
/// request may be.
pub async fn code_in_bucket(
    deeds: &Deeds,
    realm: &RealmRecord,
    bucket: &str,
    key: &str,
) -> Result<Bytes, Fault> {
    if objects::is_own(bucket) {
        return Err(unreadable(ObjectError::NoSuchBucket));
    }
    let owner = objects::owner(realm);
    // One byte more shows what is too large, should it have grown since its size was told.
    let most = MOST_CODE_BYTES as u64;
    let (object, mut pieces) = deeds
        .objects()
        .get(&owner, bucket, key, 0..most + 1)
        .await
        .map_err(unreadable)?;
    if object.size > most {
        return Err(Fault::invalid(format!(
            "S3Key {key} has {} bytes; {MOST_CODE_BYTES} are allowed.",
            object.size
        )));
    }
    let mut code = Vec::new();
    while let Some(piece) = pieces.next().await {
        code.extend_from_slice(&piece.map_err(unreadable)?);
    }
    Ok(code.into())
}

fn unreadable(cause: ObjectError) -> Fault {
    let told = |code: &str, message: &str| {
        Fault::invalid(format!(
            "Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}"
        ))
    };
    match cause {
        ObjectError::NoSuchBucket => told("NoSuchBucket", "The specified bucket does not exist"),
        ObjectError::NoSuchKey => told("NoSuchKey", "The specified key does not exist."),
        ObjectError::Refused(reason) => told("AccessDenied", &format!("Access Denied: {reason}.")),
        cause @ (ObjectError::BucketTaken
        | ObjectError::TooManyBuckets
        | ObjectError::BucketNotEmpty
        | ObjectError::ConditionFailed
        | ObjectError::TooLarge
        | ObjectError::BadBytes(_)
        | ObjectError::Unavailable(_)) => Fault::internal(cause),
    }
}
