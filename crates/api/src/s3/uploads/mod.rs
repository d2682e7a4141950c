//! Uploads in parts.

pub(super) mod abort_multipart_upload;
pub(super) mod complete_multipart_upload;
pub(super) mod create_multipart_upload;
pub(super) mod list_multipart_uploads;
pub(super) mod list_parts;
pub(super) mod upload_part;
pub(super) mod upload_part_copy;

use thingsmith_core::objects::uploads::{self, LAST_PART, Upload};

use super::context::Cx;
use super::error::S3Error;

/// The upload that a request names.
async fn named(cx: &Cx<'_>) -> Result<Upload, S3Error> {
    let realm = cx.realm().await?;
    let id = cx.asked.parameter("uploadId").unwrap_or_default();
    uploads::find(cx.deeds, &realm, cx.bucket(), cx.key(), id)
        .await?
        .ok_or_else(S3Error::no_such_upload)
}

/// The number of a part.
fn number(text: &str) -> Result<u32, S3Error> {
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=LAST_PART).contains(number));
    number.ok_or_else(|| S3Error::argument("Part number must be an integer between 1 and 10000, inclusive"))
}
