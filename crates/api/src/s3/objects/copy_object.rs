//! `CopyObject`.

use thingsmith_ports::{Condition, NewObject};

use super::{conditions, headers};
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::source::Source;
use crate::s3::xml::Document;

/// Keeps the bytes of an object once more, with what is said of it or with what the request says instead. The caller must be
/// permitted to read the one and to put the other.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    let source = Source::read(cx)?;
    let replaces = match cx.asked.header("x-amz-metadata-directive") {
        None | Some("COPY") => false,
        Some("REPLACE") => true,
        Some(_) => return Err(S3Error::argument("Unknown metadata directive.")),
    };
    if source.is_destination(cx) && !replaces {
        return Err(S3Error::invalid(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's \
             metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    let condition = conditions::of_write(cx)?;
    let described = replaces.then(|| headers::described(cx.asked)).transpose()?;
    let (object, bytes) = source.open(cx, |size| Ok(0..size)).await?;
    let new = match described {
        Some(new) => NewObject { condition, ..new },
        None => copied(object, condition),
    };
    let put = cx
        .objects()
        .put(&cx.owner(), cx.bucket(), cx.key(), new, bytes)
        .await?;
    Ok(S3Reply::document(Document::of("CopyObjectResult", |out| {
        out.time("LastModified", put.modified);
        out.text("ETag", &format!("\"{}\"", put.etag));
    })))
}

/// A new object of which the same is said. Its entity tag is of all its bytes, also where they came in parts.
fn copied(object: thingsmith_ports::Object, condition: Condition) -> NewObject {
    NewObject {
        content_type: object.content_type,
        metadata: object.metadata,
        etag: None,
        condition,
    }
}
