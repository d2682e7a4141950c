//! The object that a copy is made of.

use std::ops::Range;

use percent_encoding::percent_decode_str;
use thingsmith_core::objects;
use thingsmith_ports::{Object, ObjectBytes};

use super::context::Cx;
use super::error::S3Error;
use super::kind::Kind;
use super::objects::conditions;

/// What `x-amz-copy-source` names.
pub(super) struct Source {
    pub(super) bucket: String,
    pub(super) key: String,
}

/// How often an object that is replaced meanwhile is looked at again.
const TRIES: usize = 5;
/// Most bytes that are copied at once (S3 API reference, CopyObject and UploadPartCopy).
const MOST_BYTES: u64 = 5 << 30;

impl Source {
    /// Reads `BUCKET/KEY`, percent-encoded, with or without a slash before it.
    pub(super) fn read(cx: &Cx<'_>) -> Result<Self, S3Error> {
        let wrong = || {
            S3Error::argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        };
        let text = cx.asked.header("x-amz-copy-source").ok_or_else(wrong)?;
        if text.starts_with("arn:") {
            return Err(S3Error::not_implemented("x-amz-copy-source with an ARN"));
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        if !query.is_empty() {
            return Err(S3Error::not_implemented("x-amz-copy-source with a versionId"));
        }
        // As in a parameter, a plus sign is a space.
        let path = path.replace('+', " ");
        let path = percent_decode_str(&path).decode_utf8().map_err(|_| wrong())?;
        let (bucket, key) = path
            .strip_prefix('/')
            .unwrap_or(&path)
            .split_once('/')
            .ok_or_else(wrong)?;
        if bucket.is_empty() || objects::check_key(key).is_err() {
            return Err(wrong());
        }
        Ok(Self {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Whether the copy is to stand in the place of what is copied.
    pub(super) fn is_destination(&self, cx: &Cx<'_>) -> bool {
        self.bucket == cx.bucket() && self.key == cx.key()
    }

    /// Opens what is copied: all of it or the range that `cut` says, given its size. The caller must be permitted to read it.
    pub(super) async fn open(
        &self,
        cx: &Cx<'_>,
        cut: impl Fn(u64) -> Result<Range<u64>, S3Error>,
    ) -> Result<(Object, ObjectBytes), S3Error> {
        let (bucket, key) = (&self.bucket, &self.key);
        let expected = cx.asked.header("x-amz-source-expected-bucket-owner");
        if expected.is_some_and(|expected| expected != cx.caller.account.as_str()) {
            return Err(S3Error::new("AccessDenied", 403, "Access Denied"));
        }
        if objects::is_own(bucket) && !cx.caller.own {
            return Err(S3Error::no_such_bucket());
        }
        cx.may(Kind::GetObject.action(), &format!("arn:aws:s3:::{bucket}/{key}"))?;
        let owner = cx.owner();
        for _ in 0..TRIES {
            let object = cx.objects().head(&owner, bucket, key).await?;
            conditions::check_source(cx.asked, &object)?;
            let range = cut(object.size)?;
            if range.end - range.start > MOST_BYTES {
                return Err(S3Error::invalid(format!(
                    "The specified copy source is larger than the maximum allowable size for a copy source: {MOST_BYTES}"
                )));
            }
            let (read, bytes) = cx.objects().get(&owner, bucket, key, range).await?;
            if read == object {
                return Ok((object, bytes));
            }
        }
        Err(S3Error::replaced())
    }
}

/// The range that `x-amz-copy-source-range` names within an object of this size: the whole without it.
pub(super) fn part_range(cx: &Cx<'_>, size: u64) -> Result<Range<u64>, S3Error> {
    let Some(text) = cx.asked.header("x-amz-copy-source-range") else {
        return Ok(0..size);
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str| digits(text).then(|| text.parse().ok()).flatten();
    let range: Option<(u64, u64)> = text
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
        .and_then(|(first, last)| Some((number(first)?, number(last)?)));
    match range {
        Some((first, last)) if first <= last && last < size => Ok(first..last + 1),
        Some(_) => Err(S3Error::argument(format!(
            "Range specified is not valid for source object of size: {size}"
        ))),
        None => Err(S3Error::argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based \
             offsets of the first and last bytes to copy",
        )),
    }
}
