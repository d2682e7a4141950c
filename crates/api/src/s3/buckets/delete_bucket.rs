//! `DeleteBucket`.

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;

/// Deletes an empty bucket.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    cx.objects().delete_bucket(&cx.owner(), cx.bucket()).await?;
    Ok(S3Reply::empty(204))
}
