//! `ListBuckets`.

use thingsmith_core::objects;

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::xml::Document;

/// Lists the buckets of the caller's account in the region.
pub(in crate::s3) async fn call(cx: &Cx<'_>) -> Result<S3Reply, S3Error> {
    let prefix = cx.asked.parameter("prefix").unwrap_or_default();
    let after = cx.asked.parameter("continuation-token").unwrap_or_default();
    let most = cx.asked.number("max-buckets", 10_000, 10_000)?;
    let mut buckets = cx.objects().buckets(&cx.owner()).await?;
    buckets.retain(|bucket| {
        !objects::is_own(&bucket.name) && bucket.name.starts_with(prefix) && bucket.name.as_str() > after
    });
    let more = buckets.len() > most;
    buckets.truncate(most);
    let account = cx.caller.account.as_str();
    Ok(S3Reply::document(Document::of("ListAllMyBucketsResult", |out| {
        out.element("Owner", |out| out.text("ID", account));
        out.element("Buckets", |out| {
            for bucket in &buckets {
                out.element("Bucket", |out| {
                    out.text("Name", &bucket.name);
                    out.time("CreationDate", bucket.created);
                    out.text("BucketRegion", cx.region.as_str());
                });
            }
        });
        if let (true, Some(last)) = (more, buckets.last()) {
            out.text("ContinuationToken", &last.name);
        }
    })))
}
