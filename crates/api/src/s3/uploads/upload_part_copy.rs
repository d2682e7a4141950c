//! `UploadPartCopy`.

use thingsmith_core::objects::uploads;

use super::{named, number};
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::source::{Source, part_range};
use crate::s3::xml::Document;

/// Keeps the bytes of an object, or a range of them, as a part of an upload.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    let number = number(cx.asked.parameter("partNumber").unwrap_or_default())?;
    let source = Source::read(cx)?;
    let upload = named(cx).await?;
    let (_, bytes) = source.open(cx, |size| part_range(cx, size)).await?;
    let part = uploads::put_part(cx.deeds, &upload, number, bytes).await?;
    Ok(S3Reply::document(Document::of("CopyPartResult", |out| {
        out.time("LastModified", part.modified);
        out.text("ETag", &format!("\"{}\"", part.etag));
    })))
}
