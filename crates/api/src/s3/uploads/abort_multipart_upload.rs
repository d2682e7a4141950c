//! `AbortMultipartUpload`.

use thingsmith_core::objects::uploads;

use super::named;
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;

/// Gives an upload up, and deletes its parts.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    let upload = named(cx).await?;
    let realm = cx.realm().await?;
    uploads::abort(cx.deeds, &realm, &upload).await?;
    Ok(S3Reply::empty(204))
}
