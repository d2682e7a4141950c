//! `CompleteMultipartUpload`.

use md5::{Digest as _, Md5};
use thingsmith_core::objects::uploads;
use thingsmith_ports::{Condition, Object, ObjectError};

use super::{named, number};
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::objects::conditions;
use crate::s3::reply::S3Reply;
use crate::s3::xml::{Document, Element};

/// Fewest bytes of each part but the last (S3 guide, "Amazon S3 multipart upload limits").
const FEWEST_BYTES: u64 = 5 << 20;

/// Makes the object of the parts that are named.
pub(in crate::s3) async fn call(cx: &Cx<'_>, document: &[u8]) -> Result<S3Reply, S3Error> {
    let condition = conditions::of_write(cx)?;
    let upload = named(cx).await?;
    let root = Element::read(document)?;
    let wanted: Vec<(&str, &str)> = root
        .all("Part")
        .map(|part| Some((part.text_of("PartNumber")?.trim(), part.text_of("ETag")?.trim())))
        .collect::<Option<_>>()
        .ok_or_else(S3Error::malformed)?;
    if wanted.is_empty() || !root.name.starts_with("CompleteMultipartUpload") {
        return Err(S3Error::malformed());
    }
    let mut kept = uploads::list_parts(cx.deeds, &upload, 0, usize::MAX)
        .await?
        .into_iter();
    let (mut parts, mut before): (Vec<Object>, u32) = (Vec::new(), 0);
    let mut digest = Md5::new();
    for (text, etag) in wanted {
        let number = number(text)?;
        if number <= before {
            return Err(S3Error::new(
                "InvalidPartOrder",
                400,
                "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
            ));
        }
        before = number;
        let found = kept
            .find(|(kept, _)| *kept >= number)
            .filter(|(kept, _)| *kept == number);
        let (_, part) = found
            .filter(|(_, part)| etag.trim_matches('"') == part.etag)
            .ok_or_else(invalid_part)?;
        if parts.last().is_some_and(|before| before.size < FEWEST_BYTES) {
            return Err(S3Error::new(
                "EntityTooSmall",
                400,
                "Your proposed upload is smaller than the minimum allowed size",
            ));
        }
        match bytes(&part.etag) {
            Some(md5) => digest.update(md5),
            // Another server keeps the part, and in parts of its own: its tag is no MD5.
            None => digest.update(&part.etag),
        }
        parts.push(part);
    }
    let etag: String = digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let etag = format!("{etag}-{}", parts.len());
    let realm = cx.realm().await?;
    // Then it is the object to be replaced that is not there.
    let must_replace = matches!(condition, Condition::Matches(_));
    let made = uploads::complete(cx.deeds, &realm, &upload, parts, etag, condition).await;
    let object = made.map_err(|error| match error {
        // A part was replaced or went away.
        ObjectError::BadBytes(_) => invalid_part(),
        ObjectError::NoSuchKey if !must_replace => invalid_part(),
        error => error.into(),
    })?;
    Ok(S3Reply::document(Document::of(
        "CompleteMultipartUploadResult",
        |out| {
            out.text("Location", &format!("/{}/{}", cx.bucket(), cx.key()));
            out.text("Bucket", cx.bucket());
            out.text("Key", cx.key());
            out.text("ETag", &format!("\"{}\"", object.etag));
        },
    )))
}

fn invalid_part() -> S3Error {
    S3Error::new(
        "InvalidPart",
        400,
        "One or more of the specified parts could not be found. The part might not have been uploaded, or the specified \
         entity tag might not have matched the part's entity tag.",
    )
}

/// The bytes of an MD5 in hexadecimal digits.
fn bytes(etag: &str) -> Option<[u8; 16]> {
    let mut bytes = [0; 16];
    if etag.len() != 32 || !etag.is_ascii() {
        return None;
    }
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(etag.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}
