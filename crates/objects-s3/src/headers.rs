//! What is said of an object in headers, of a new one and of one that is there.

use hyper::HeaderMap;
use thingsmith_ports::{Condition, NewObject, Object};

use crate::times;

/// Headers of HTTP that an object has beside its type; the port has them with a colon before their name.
const KEPT: [&str; 5] = [
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "expires",
];
const METADATA: &str = "x-amz-meta-";
/// The type of what has none.
const NO_TYPE: &str = "binary/octet-stream";

/// The headers that say of a new object what is to be kept of it.
pub(crate) fn of_new(new: &NewObject) -> Vec<(String, String)> {
    let content_type = new.content_type.clone();
    let mut headers: Vec<_> = content_type
        .map(|content_type| ("content-type".to_owned(), content_type))
        .into_iter()
        .collect();
    for (name, value) in &new.metadata {
        let name = match name.strip_prefix(':') {
            Some(kept) => kept.to_owned(),
            None => format!("{METADATA}{name}"),
        };
        headers.push((name, value.clone()));
    }
    headers
}

/// The header that makes a put depend on what is there.
pub(crate) fn of_condition(condition: &Condition) -> Option<(String, String)> {
    match condition {
        Condition::Always => None,
        Condition::Absent => Some(("if-none-match".into(), "*".into())),
        Condition::Matches(etag) => Some(("if-match".into(), format!("\"{etag}\""))),
    }
}

/// The entity tag of an answer, without quotes.
pub(crate) fn etag(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("etag")?.to_str().ok()?;
    Some(text.trim_matches('"').to_owned())
}

/// The object that an answer describes: all of it, also where it brings a range alone.
pub(crate) fn object(key: &str, headers: &HeaderMap) -> Option<Object> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let size = match text("content-range") {
        Some(range) => range.rsplit_once('/')?.1,
        None => text("content-length")?,
    };
    let metadata = headers.iter().filter_map(|(name, value)| {
        let name = name.as_str();
        let named = match name.strip_prefix(METADATA) {
            Some(own) => own.to_owned(),
            None if KEPT.contains(&name) => format!(":{name}"),
            None => return None,
        };
        Some((named, String::from_utf8_lossy(value.as_bytes()).into_owned()))
    });
    Some(Object {
        key: key.to_owned(),
        size: size.trim().parse().ok()?,
        etag: etag(headers)?,
        modified: times::of_header(text("last-modified")?)?,
        content_type: text("content-type")
            .filter(|text| *text != NO_TYPE)
            .map(str::to_owned),
        metadata: metadata.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_an_object_comes_back() {
        let new = NewObject {
            content_type: Some("text/plain".into()),
            metadata: vec![
                (":cache-control".into(), "no-store".into()),
                ("made-by".into(), "a test".into()),
            ],
            ..NewObject::default()
        };
        let mut headers = HeaderMap::new();
        for (name, value) in of_new(&new) {
            let name: hyper::header::HeaderName = name.parse().unwrap();
            headers.insert(name, value.parse().unwrap());
        }
        headers.insert("etag", "\"e\"".parse().unwrap());
        headers.insert("content-length", "3".parse().unwrap());
        headers.insert("content-range", "bytes 0-2/700".parse().unwrap());
        headers.insert("last-modified", "Fri, 27 Nov 2026 10:11:26 GMT".parse().unwrap());
        let found = object("key", &headers).unwrap();
        assert_eq!((found.size, found.etag.as_str()), (700, "e"));
        assert_eq!(
            (found.content_type, found.metadata),
            (new.content_type, new.metadata)
        );
        headers.remove("etag");
        assert_eq!(object("key", &headers), None);
    }
}
