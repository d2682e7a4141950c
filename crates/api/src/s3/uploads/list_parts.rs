//! `ListParts`.

use thingsmith_core::objects::uploads;

use super::named;
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::xml::Document;

/// Lists the parts of an upload.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    let most = cx.asked.number("max-parts", 1000, 1000)?;
    let after = cx.asked.number("part-number-marker", 0, 10_000)?;
    let upload = named(cx).await?;
    let marker = u32::try_from(after).unwrap_or(u32::MAX);
    let mut parts = uploads::list_parts(cx.deeds, &upload, marker, most + 1).await?;
    let more = parts.len() > most;
    parts.truncate(most);
    Ok(S3Reply::document(Document::of("ListPartsResult", |out| {
        out.text("Bucket", cx.bucket());
        out.text("Key", cx.key());
        out.text("UploadId", &upload.id);
        out.value("PartNumberMarker", after);
        if let (true, Some((last, _))) = (more, parts.last()) {
            out.value("NextPartNumberMarker", last);
        }
        out.value("MaxParts", most);
        out.value("IsTruncated", more);
        for (number, part) in &parts {
            out.element("Part", |out| {
                out.value("PartNumber", number);
                out.time("LastModified", part.modified);
                out.text("ETag", &format!("\"{}\"", part.etag));
                out.value("Size", part.size);
            });
        }
        out.value("StorageClass", "STANDARD");
    })))
}
