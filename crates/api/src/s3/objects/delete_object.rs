//! `DeleteObject`.

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;

/// Deletes an object; one that is not there is not missed.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    cx.objects().delete(&cx.owner(), cx.bucket(), cx.key()).await?;
    Ok(S3Reply::empty(204))
}
