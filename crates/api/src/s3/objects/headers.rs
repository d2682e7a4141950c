//! What is kept beside an object: the headers that it was put with, and is read with.

use thingsmith_ports::{NewObject, Object};

use crate::s3::asked::Asked;
use crate::s3::error::S3Error;
use crate::s3::reply::S3Reply;
use crate::s3::times::http_date;

/// Headers of HTTP that an object has beside its type. They are kept with a colon before their name, which no name of a
/// client's own metadata can have.
const KEPT: [&str; 5] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
];
/// What a reader may ask to be told instead (S3 API reference, GetObject).
const OVERRIDES: [&str; 6] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-type",
    "expires",
];
/// Most bytes of names and values of a client's own metadata (S3 guide, "Working with object metadata").
const MOST_METADATA: usize = 2048;
/// Most bytes of another header that is kept.
const LONGEST: usize = 1024;

/// What the headers say of a new object.
pub(in crate::s3) fn described(asked: &Asked<'_>) -> Result<NewObject, S3Error> {
    let text = |name: &str| match asked.head.headers.get(name).map(|value| value.to_str()) {
        None => Ok(None),
        Some(Ok(text)) if text.len() <= LONGEST => Ok(Some(text.to_owned())),
        Some(_) => Err(S3Error::argument(format!("{name} is too long or not readable."))),
    };
    let mut new = NewObject {
        content_type: text("content-type")?,
        ..NewObject::default()
    };
    for name in KEPT {
        let Some(mut value) = text(name)? else { continue };
        if name == "content-encoding" {
            // That is how the body came, and not what the object is.
            let others: Vec<&str> = value
                .split(',')
                .map(str::trim)
                .filter(|one| *one != "aws-chunked")
                .collect();
            value = others.join(",");
        }
        if !value.is_empty() {
            new.metadata.push((format!(":{name}"), value));
        }
    }
    let mut bytes = 0;
    for (name, value) in &asked.head.headers {
        let Some(name) = name.as_str().strip_prefix("x-amz-meta-") else {
            continue;
        };
        let value = String::from_utf8(value.as_bytes().to_vec())
            .map_err(|_| S3Error::argument(format!("x-amz-meta-{name} is not UTF-8.")))?;
        bytes += name.len() + value.len();
        if bytes > MOST_METADATA {
            return Err(S3Error::new(
                "MetadataTooLarge",
                400,
                "Your metadata headers exceed the maximum allowed metadata size",
            ));
        }
        new.metadata.push((name.to_owned(), value));
    }
    Ok(new)
}

/// An answer with what is kept of an object.
pub(in crate::s3) fn describing(reply: S3Reply, asked: &Asked<'_>, object: &Object) -> S3Reply {
    let mut reply = reply
        .with("etag", format!("\"{}\"", object.etag))
        .with("last-modified", http_date(object.modified))
        .with("accept-ranges", "bytes");
    let instead = |name: &str| asked.parameter(&format!("response-{name}"));
    let usual = object.content_type.as_deref().unwrap_or("binary/octet-stream");
    reply = reply.with("content-type", instead("content-type").unwrap_or(usual));
    for (name, value) in &object.metadata {
        reply = match name.strip_prefix(':') {
            Some(kept) if instead(kept).is_some() => reply,
            Some(kept) => reply.with(kept, value),
            None => reply.with(&format!("x-amz-meta-{name}"), value),
        };
    }
    for name in OVERRIDES.into_iter().filter(|name| *name != "content-type") {
        if let Some(value) = instead(name) {
            reply = reply.with(name, value);
        }
    }
    reply
}
