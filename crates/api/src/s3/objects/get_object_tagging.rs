//! `GetObjectTagging`.

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::xml::Document;

/// Tells the tags of an object. None can be given here, so that it has none; clients ask when they copy a large object in parts.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    cx.objects().head(&cx.owner(), cx.bucket(), cx.key()).await?;
    Ok(S3Reply::document(Document::of("Tagging", |out| {
        out.element("TagSet", |_| {});
    })))
}
