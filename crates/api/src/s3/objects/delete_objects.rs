//! `DeleteObjects`.

use thingsmith_ports::ObjectError;

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::kind::Kind;
use crate::s3::reply::S3Reply;
use crate::s3::xml::{Document, Element};

/// Most keys of a request (S3 API reference, DeleteObjects).
const MOST: usize = 1000;

/// Deletes objects, and tells of each what became of it.
pub(in crate::s3) async fn call(cx: &Cx<'_>, document: &[u8]) -> Result<S3Reply, S3Error> {
    let root = Element::read(document)?;
    let keys: Vec<&str> = root
        .all("Object")
        .filter_map(|object| object.text_of("Key"))
        .collect();
    if root.name != "Delete" || keys.len() != root.all("Object").count() || !(1..=MOST).contains(&keys.len())
    {
        return Err(S3Error::malformed());
    }
    if root
        .all("Object")
        .any(|object| object.text_of("VersionId").is_some())
    {
        return Err(S3Error::not_implemented("VersionId"));
    }
    let quiet = root.text_of("Quiet").is_some_and(|text| text.trim() == "true");
    let (owner, bucket) = (cx.owner(), cx.bucket());
    let mut outcomes = Vec::with_capacity(keys.len());
    for key in keys {
        let allowed = cx.may(
            Kind::DeleteObject.action(),
            &format!("arn:aws:s3:::{bucket}/{key}"),
        );
        let outcome = match allowed {
            Err(refused) => Err(refused),
            Ok(()) => match cx.objects().delete(&owner, bucket, key).await {
                Err(ObjectError::NoSuchBucket) => return Err(S3Error::no_such_bucket()),
                deleted => deleted.map_err(S3Error::from),
            },
        };
        outcomes.push((key, outcome));
    }
    Ok(S3Reply::document(Document::of("DeleteResult", |out| {
        for (key, outcome) in &outcomes {
            match outcome {
                Ok(()) if quiet => {}
                Ok(()) => out.element("Deleted", |out| out.text("Key", key)),
                Err(error) => out.element("Error", |out| {
                    out.text("Key", key);
                    out.text("Code", error.code);
                    out.text("Message", &error.message);
                }),
            }
        }
    })))
}
