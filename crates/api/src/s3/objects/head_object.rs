//! `HeadObject`.

use super::{conditions, headers, range};
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;

/// Tells what is known of an object.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    let object = cx.objects().head(&cx.owner(), cx.bucket(), cx.key()).await?;
    conditions::check(cx.asked, &object)?;
    let reply = headers::describing(S3Reply::empty(200), cx.asked, &object);
    Ok(match range::read(cx.asked.header("range"), object.size)? {
        None => reply.with("content-length", object.size.to_string()),
        Some(cut) => {
            let text = format!("bytes {}-{}/{}", cut.start, cut.end - 1, object.size);
            let reply = S3Reply { status: 206, ..reply }.with("content-range", text);
            reply.with("content-length", (cut.end - cut.start).to_string())
        }
    })
}
