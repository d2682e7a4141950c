//! `CreateMultipartUpload`.

use thingsmith_core::objects::uploads;
use thingsmith_ports::ObjectError;

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::objects::headers;
use crate::s3::reply::S3Reply;
use crate::s3::xml::Document;

/// Begins an upload in parts.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    let new = headers::described(cx.asked)?;
    let realm = cx.realm().await?;
    let begun = uploads::begin(cx.deeds, &realm, cx.bucket(), cx.key(), new).await;
    let upload = begun.map_err(|error| match error {
        ObjectError::TooLarge => S3Error::new(
            "SlowDown",
            503,
            "Too many uploads are under way. Please try again later.",
        ),
        error => error.into(),
    })?;
    Ok(S3Reply::document(Document::of(
        "InitiateMultipartUploadResult",
        |out| {
            out.text("Bucket", cx.bucket());
            out.text("Key", cx.key());
            out.text("UploadId", &upload.id);
        },
    )))
}
