//! `GetObject`.

use super::{conditions, headers, range};
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::{S3Body, S3Reply};

/// How often an object that is replaced meanwhile is looked at again.
const TRIES: usize = 5;

/// Reads an object, or a range of it.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    let owner = cx.owner();
    for _ in 0..TRIES {
        let object = cx.objects().head(&owner, cx.bucket(), cx.key()).await?;
        conditions::check(cx.asked, &object)?;
        let wanted = range::read(cx.asked.header("range"), object.size)?;
        let cut = wanted.clone().unwrap_or(0..object.size);
        let (read, bytes) = cx
            .objects()
            .get(&owner, cx.bucket(), cx.key(), cut.clone())
            .await?;
        if read != object {
            continue;
        }
        let mut reply = S3Reply {
            status: if wanted.is_some() { 206 } else { 200 },
            body: S3Body::Stream(bytes),
            ..S3Reply::empty(200)
        };
        reply = headers::describing(reply, cx.asked, &object);
        if wanted.is_some() {
            let text = format!("bytes {}-{}/{}", cut.start, cut.end - 1, object.size);
            reply = reply.with("content-range", text);
        }
        return Ok(reply.with("content-length", (cut.end - cut.start).to_string()));
    }
    Err(S3Error::replaced())
}
