//! `HeadBucket`.

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;

/// Tells that the caller has the bucket.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    cx.objects().list(&cx.owner(), cx.bucket(), "", "", 0).await?;
    Ok(S3Reply::empty(200).with("x-amz-bucket-region", cx.region.as_str()))
}
