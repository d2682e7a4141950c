//! `GetBucketLocation`.

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::xml::Document;

/// Tells the bucket's region; for us-east-1 nothing, as S3 does.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    cx.objects().list(&cx.owner(), cx.bucket(), "", "", 0).await?;
    let region = match cx.region.as_str() {
        "us-east-1" => "",
        region => region,
    };
    // The text of the root itself.
    let document = Document::of("LocationConstraint", |_| {});
    Ok(S3Reply::document(document.replacen(
        "</LocationConstraint>",
        &format!("{region}</LocationConstraint>"),
        1,
    )))
}
