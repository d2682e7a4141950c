//! Conditions of readers (RFC 9110, 13.2.2), of copies on what they copy, and of puts.

use thingsmith_ports::{Condition, Object};

use crate::s3::asked::Asked;
use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::kind::Kind;
use crate::s3::times::read_http_date;

/// Decides whether the reader wants the object as it is.
pub(super) fn check(asked: &Asked<'_>, object: &Object) -> Result<(), S3Error> {
    let wanted = Wanted::of(asked, "");
    if !wanted.is_met(object) {
        return Err(S3Error::precondition_failed());
    }
    match wanted.is_known(object) {
        true => Err(S3Error::new("NotModified", 304, "Not Modified")),
        false => Ok(()),
    }
}

/// Decides whether a copy of the object is wanted as it is.
pub(in crate::s3) fn check_source(asked: &Asked<'_>, object: &Object) -> Result<(), S3Error> {
    let wanted = Wanted::of(asked, "x-amz-copy-source-");
    match wanted.is_met(object) && !wanted.is_known(object) {
        true => Ok(()),
        false => Err(S3Error::precondition_failed()),
    }
}

/// The condition of a put, a copy or a completed upload (S3 guide, "How to prevent object overwrites with conditional writes").
/// To compare what is there is to read of it.
pub(in crate::s3) fn of_write(cx: &Cx<'_>) -> Result<Condition, S3Error> {
    let header = |name: &str| match cx.asked.head.headers.get(name).map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text.trim())),
        Some(Err(_)) => Err(S3Error::argument(format!("{name} is not readable."))),
    };
    match (header("if-match")?, header("if-none-match")?) {
        (None, None) => Ok(Condition::Always),
        (None, Some("*")) => Ok(Condition::Absent),
        (None, Some(_)) => Err(S3Error::not_implemented("if-none-match with an entity tag")),
        (Some("*"), _) => Err(S3Error::not_implemented("if-match with an asterisk")),
        (Some(tag), None) => {
            cx.may(Kind::GetObject.action(), &cx.resource(Kind::GetObject))?;
            Ok(Condition::Matches(tag.trim_matches('"').to_owned()))
        }
        (Some(_), Some(_)) => Err(S3Error::not_implemented("if-match beside if-none-match")),
    }
}

/// What headers say of the object that is wanted.
struct Wanted<'a> {
    match_tags: Option<&'a str>,
    none_match_tags: Option<&'a str>,
    unmodified_since: Option<i64>,
    modified_since: Option<i64>,
}

impl<'a> Wanted<'a> {
    fn of(asked: &'a Asked<'_>, prefix: &str) -> Self {
        let header = |name: &str| asked.header(&format!("{prefix}{name}"));
        Self {
            match_tags: header("if-match"),
            none_match_tags: header("if-none-match"),
            unmodified_since: header("if-unmodified-since").and_then(read_http_date),
            modified_since: header("if-modified-since").and_then(read_http_date),
        }
    }

    fn is_met(&self, object: &Object) -> bool {
        match (self.match_tags, self.unmodified_since) {
            (Some(tags), _) => matches(tags, &object.etag),
            (None, Some(date)) => object.modified.as_seconds() <= date,
            (None, None) => true,
        }
    }

    fn is_known(&self, object: &Object) -> bool {
        match (self.none_match_tags, self.modified_since) {
            (Some(tags), _) => matches(tags, &object.etag),
            (None, Some(date)) => object.modified.as_seconds() <= date,
            (None, None) => false,
        }
    }
}

fn matches(tags: &str, etag: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| {
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag == "*" || tag.trim_matches('"') == etag
    })
}
