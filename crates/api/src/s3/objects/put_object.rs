//! `PutObject`.

use thingsmith_ports::NewObject;

use super::{conditions, headers};
use crate::s3::body::Body;
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;

/// Most bytes of an object that is put at once (S3 API reference, PutObject).
pub(in crate::s3) const MOST_BYTES: u64 = 5 << 30;

/// Keeps an object. It is there when it is whole, and what was said of its bytes is true.
pub(in crate::s3) async fn call(cx: &Cx<'_>, body: Body) -> Result<S3Reply, S3Error> {
    let new = NewObject {
        condition: conditions::of_write(cx)?,
        ..headers::described(cx.asked)?
    };
    let (bytes, outcome) = body.bytes(&cx.asked.head.headers, MOST_BYTES)?;
    let put = cx
        .objects()
        .put(&cx.owner(), cx.bucket(), cx.key(), new, bytes)
        .await;
    let object = put.map_err(|error| outcome.error(error))?;
    let mut reply = S3Reply::empty(200).with("etag", format!("\"{}\"", object.etag));
    if let Some((header, value)) = outcome.checksum() {
        reply = reply.with(header, value);
    }
    Ok(reply)
}
