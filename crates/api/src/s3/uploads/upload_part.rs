//! `UploadPart`.

use thingsmith_core::objects::uploads;

use super::{named, number};
use crate::s3::body::Body;
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::objects::put_object::MOST_BYTES;
use crate::s3::reply::S3Reply;

/// Keeps a part of an upload.
pub(in crate::s3) async fn call(cx: &Cx<'_>, body: Body) -> Result<S3Reply, S3Error> {
    let number = number(cx.asked.parameter("partNumber").unwrap_or_default())?;
    let upload = named(cx).await?;
    let (bytes, outcome) = body.bytes(&cx.asked.head.headers, MOST_BYTES)?;
    let put = uploads::put_part(cx.deeds, &upload, number, bytes).await;
    let part = put.map_err(|error| outcome.error(error))?;
    let mut reply = S3Reply::empty(200).with("etag", format!("\"{}\"", part.etag));
    if let Some((header, value)) = outcome.checksum() {
        reply = reply.with(header, value);
    }
    Ok(reply)
}
