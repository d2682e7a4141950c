//! Conditions of a reader (RFC 9110, 13.2.2).

use thingsmith_ports::Object;

use crate::s3::asked::Asked;
use crate::s3::error::S3Error;
use crate::s3::times::read_http_date;

/// Decides whether the reader wants the object as it is.
pub(super) fn check(asked: &Asked<'_>, object: &Object) -> Result<(), S3Error> {
    let date = |name| asked.header(name).and_then(read_http_date);
    let modified = object.modified.as_seconds();
    let failed = match (asked.header("if-match"), date("if-unmodified-since")) {
        (Some(tags), _) => !matches(tags, &object.etag),
        (None, Some(date)) => modified > date,
        (None, None) => false,
    };
    if failed {
        return Err(S3Error::new(
            "PreconditionFailed",
            412,
            "At least one of the pre-conditions you specified did not hold",
        ));
    }
    let unchanged = match (asked.header("if-none-match"), date("if-modified-since")) {
        (Some(tags), _) => matches(tags, &object.etag),
        (None, Some(date)) => modified <= date,
        (None, None) => false,
    };
    match unchanged {
        true => Err(S3Error::new("NotModified", 304, "Not Modified")),
        false => Ok(()),
    }
}

fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == etag
    })
}
