//! Uploads in parts.
//!
//! An upload and its parts are objects in a bucket of the service's own, which no customer can name: what was sent is durable
//! when it is answered, and any node goes on with it. Completing one copies its parts into the object that they make.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use thingsmith_model::{Account, Timestamp};
use thingsmith_ports::{Condition, NewObject, Object, ObjectBytes, ObjectError, Owner};

use crate::realms::RealmRecord;
use crate::{Deeds, iam};

/// Most uploads of all realms that are under way.
pub const MOST_UPLOADS: usize = 1000;
/// The number of the last part (S3 guide, "Amazon S3 multipart upload limits").
pub const LAST_PART: u32 = 10_000;
/// An upload that nobody has completed after so long is given up.
const KEPT_FOR: Duration = Duration::from_secs(24 * 3600);

/// The bucket of uploads.
const BUCKET: &str = ".uploads";

/// An upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Where its object is to be.
    pub bucket: String,
    /// The key of the object.
    pub key: String,
    /// The `Content-Type` of the object.
    pub content_type: Option<String>,
    /// What is kept beside the object.
    pub metadata: Vec<(String, String)>,
    /// When it began, in milliseconds since 1970.
    pub began: i64,
}

/// Whose the bucket of uploads is: nobody's who calls.
fn service() -> Owner {
    Owner {
        account: Account::development(),
        region: "aws-global".parse().expect("it is a region's name"),
    }
}

fn note(realm: &RealmRecord, id: &str) -> String {
    format!("{}{id}", notes(realm))
}

fn notes(realm: &RealmRecord) -> String {
    format!("uploads/{}/{}/", realm.account, realm.region)
}

fn parts(id: &str) -> String {
    format!("parts/{id}/")
}

fn bytes(all: Vec<u8>) -> ObjectBytes {
    Box::pin(futures_util::stream::iter([Ok(all.into())]))
}

/// Begins an upload of the object that `new` describes.
///
/// # Errors
/// [`ObjectError::NoSuchBucket`]; [`ObjectError::TooLarge`] when too many are under way.
pub async fn begin(
    deeds: &Deeds,
    realm: &RealmRecord,
    bucket: &str,
    key: &str,
    new: NewObject,
) -> Result<Upload, ObjectError> {
    let objects = deeds.objects();
    objects.list(&super::owner(realm), bucket, "", "", 0).await?;
    let service = service();
    objects.create_bucket(&service, BUCKET).await?;
    let under_way = objects
        .list(&service, BUCKET, "uploads/", "", MOST_UPLOADS)
        .await?;
    if under_way.len() >= MOST_UPLOADS {
        return Err(ObjectError::TooLarge);
    }
    let upload = Upload {
        id: iam::characters(32, deeds.random()),
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        content_type: new.content_type,
        metadata: new.metadata,
        began: deeds.clock().now().as_millis(),
    };
    let text = serde_json::to_vec(&upload).map_err(|error| ObjectError::Unavailable(error.to_string()))?;
    let note = note(realm, &upload.id);
    objects
        .put(&service, BUCKET, &note, NewObject::default(), bytes(text))
        .await?;
    Ok(upload)
}

/// The upload of this id to this key, if it is under way.
///
/// # Errors
/// When it cannot be read.
pub async fn find(
    deeds: &Deeds,
    realm: &RealmRecord,
    bucket: &str,
    key: &str,
    id: &str,
) -> Result<Option<Upload>, ObjectError> {
    // What is none of our ids would name other objects of the bucket.
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(None);
    }
    let upload = read(deeds, &note(realm, id)).await?;
    Ok(upload.filter(|upload| upload.bucket == bucket && upload.key == key))
}

async fn read(deeds: &Deeds, note: &str) -> Result<Option<Upload>, ObjectError> {
    use futures_util::StreamExt as _;

    let got = deeds.objects().get(&service(), BUCKET, note, 0..u64::MAX).await;
    let mut pieces = match got {
        Err(ObjectError::NoSuchKey | ObjectError::NoSuchBucket) => return Ok(None),
        got => got?.1,
    };
    let mut text = Vec::new();
    while let Some(piece) = pieces.next().await {
        text.extend_from_slice(&piece?);
    }
    Ok(serde_json::from_slice(&text).ok())
}

/// Keeps a part in the place of one that has its number.
///
/// # Errors
/// As [`put`](thingsmith_ports::Objects::put)'s.
pub async fn put_part(
    deeds: &Deeds,
    upload: &Upload,
    number: u32,
    bytes: ObjectBytes,
) -> Result<Object, ObjectError> {
    let key = format!("{}{number:05}", parts(&upload.id));
    deeds
        .objects()
        .put(&service(), BUCKET, &key, NewObject::default(), bytes)
        .await
}

/// The first `most` parts after a number, in order, each with its number.
///
/// # Errors
/// When they cannot be read.
pub async fn list_parts(
    deeds: &Deeds,
    upload: &Upload,
    after: u32,
    most: usize,
) -> Result<Vec<(u32, Object)>, ObjectError> {
    let prefix = parts(&upload.id);
    let after = format!("{prefix}{after:05}");
    let listed = deeds
        .objects()
        .list(&service(), BUCKET, &prefix, &after, most)
        .await?;
    let number = |object: &Object| object.key.strip_prefix(&prefix)?.parse().ok();
    Ok(listed
        .into_iter()
        .filter_map(|object| Some((number(&object)?, object)))
        .collect())
}

/// The realm's uploads to a bucket, in the order of their ids.
///
/// # Errors
/// When they cannot be read.
pub async fn list(deeds: &Deeds, realm: &RealmRecord, bucket: &str) -> Result<Vec<Upload>, ObjectError> {
    let notes = notes(realm);
    let listed = match deeds
        .objects()
        .list(&service(), BUCKET, &notes, "", MOST_UPLOADS)
        .await
    {
        Err(ObjectError::NoSuchBucket) => Vec::new(),
        listed => listed?,
    };
    let mut uploads = Vec::new();
    for object in listed {
        let upload = read(deeds, &object.key).await?;
        uploads.extend(upload.filter(|upload| upload.bucket == bucket));
    }
    Ok(uploads)
}

/// Makes the object of these parts, whose bytes follow one another, and forgets the upload.
///
/// # Errors
/// As [`put`](thingsmith_ports::Objects::put)'s.
pub async fn complete(
    deeds: &Deeds,
    realm: &RealmRecord,
    upload: &Upload,
    parts: Vec<Object>,
    etag: String,
    condition: Condition,
) -> Result<Object, ObjectError> {
    use futures_util::{StreamExt as _, TryStreamExt as _, stream};

    let objects = deeds.objects().clone();
    let bytes = stream::iter(parts).then(move |part| {
        let objects = objects.clone();
        async move {
            let (found, bytes) = objects.get(&service(), BUCKET, &part.key, 0..u64::MAX).await?;
            match found.etag == part.etag && found.size == part.size {
                true => Ok(bytes),
                false => Err(ObjectError::BadBytes("a part was replaced meanwhile".into())),
            }
        }
    });
    let new = NewObject {
        content_type: upload.content_type.clone(),
        metadata: upload.metadata.clone(),
        etag: Some(etag),
        condition,
    };
    let (owner, bytes) = (super::owner(realm), Box::pin(bytes.try_flatten()));
    let made = deeds
        .objects()
        .put(&owner, &upload.bucket, &upload.key, new, bytes)
        .await?;
    // The object is there: parts that stay behind are swept.
    if let Err(error) = forget(deeds, &note(realm, &upload.id), &upload.id).await {
        tracing::warn!(%error, "the parts of an upload stay until they are swept");
    }
    Ok(made)
}

/// Forgets an upload and its parts.
///
/// # Errors
/// When they cannot be deleted.
pub async fn abort(deeds: &Deeds, realm: &RealmRecord, upload: &Upload) -> Result<(), ObjectError> {
    forget(deeds, &note(realm, &upload.id), &upload.id).await
}

/// The note goes last: as long as it is there, a sweep finds the parts.
async fn forget(deeds: &Deeds, note: &str, id: &str) -> Result<(), ObjectError> {
    let (service, prefix) = (service(), parts(id));
    loop {
        let listed = deeds.objects().list(&service, BUCKET, &prefix, "", 1000).await?;
        if listed.is_empty() {
            return deeds.objects().delete(&service, BUCKET, note).await;
        }
        for part in listed {
            deeds.objects().delete(&service, BUCKET, &part.key).await?;
        }
    }
}

/// Forgets the uploads that nobody has completed for a day, and parts that came when theirs was forgotten already.
///
/// # Errors
/// When they cannot be read or deleted.
pub async fn sweep(deeds: &Deeds) -> Result<(), ObjectError> {
    let service = service();
    let over = deeds.clock().now().minus(KEPT_FOR);
    let mut after = String::new();
    loop {
        let listed = match deeds.objects().list(&service, BUCKET, "", &after, 1000).await {
            Err(ObjectError::NoSuchBucket) => return Ok(()),
            listed => listed?,
        };
        let Some(last) = listed.last() else {
            return Ok(());
        };
        after.clone_from(&last.key);
        for object in listed.into_iter().filter(|object| object.modified <= over) {
            match object
                .key
                .strip_prefix("uploads/")
                .and_then(|rest| rest.rsplit('/').next())
            {
                Some(id) => forget(deeds, &object.key, id).await?,
                // A part as old as that belongs to an upload that is older.
                None => deeds.objects().delete(&service, BUCKET, &object.key).await?,
            }
        }
    }
}

impl Upload {
    /// When it began.
    pub fn began(&self) -> Timestamp {
        Timestamp::from_millis(self.began)
    }
}
