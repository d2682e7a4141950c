//! `ListMultipartUploads`.

use thingsmith_core::objects::uploads;

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::xml::Document;

/// Lists the uploads to a bucket that are under way, all of them on one page: they are few.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    for unread in ["delimiter", "encoding-type", "key-marker", "upload-id-marker"] {
        // An SDK sends an empty marker, and `url` as a matter of course.
        if cx
            .asked
            .parameter(unread)
            .is_some_and(|value| !value.is_empty() && value != "url")
        {
            return Err(S3Error::not_implemented(unread));
        }
    }
    let prefix = cx.asked.parameter("prefix").unwrap_or_default();
    cx.objects().list(&cx.owner(), cx.bucket(), "", "", 0).await?;
    let realm = cx.realm().await?;
    let mut uploads = uploads::list(cx.deeds, &realm, cx.bucket()).await?;
    uploads.retain(|upload| upload.key.starts_with(prefix));
    uploads.sort_by(|one, other| (&one.key, one.began).cmp(&(&other.key, other.began)));
    Ok(S3Reply::document(Document::of(
        "ListMultipartUploadsResult",
        |out| {
            out.text("Bucket", cx.bucket());
            out.value("MaxUploads", uploads::MOST_UPLOADS);
            out.value("IsTruncated", false);
            for upload in &uploads {
                out.element("Upload", |out| {
                    out.text("Key", &upload.key);
                    out.text("UploadId", &upload.id);
                    out.value("StorageClass", "STANDARD");
                    out.time("Initiated", upload.began());
                });
            }
        },
    )))
}
