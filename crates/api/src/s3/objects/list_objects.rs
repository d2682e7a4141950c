//! `ListObjectsV2`, and `ListObjects`, which differs in how its pages follow one another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use thingsmith_ports::Object;

use crate::s3::context::Cx;
use crate::s3::error::S3Error;
use crate::s3::kind::Kind;
use crate::s3::reply::S3Reply;
use crate::s3::xml::Document;

/// Most keys of a page (S3 API reference, ListObjectsV2).
const MOST: usize = 1000;

/// What stands for itself where keys are encoded.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'/')
    .remove(b'*');

/// A page of a list.
struct Page {
    objects: Vec<Object>,
    prefixes: Vec<String>,
    /// After what the next page goes on, if there is one.
    next: Option<String>,
}

/// Lists the objects of a bucket; those that have the delimiter behind the prefix are one entry together.
pub(in crate::s3) async fn call(cx: &Cx<'_>, kind: Kind) -> Result<S3Reply, S3Error> {
    let asked = cx.asked;
    let most = asked.number("max-keys", MOST, MOST)?;
    let prefix = asked.parameter("prefix").unwrap_or_default();
    let delimiter = asked.parameter("delimiter").unwrap_or_default();
    let second = kind == Kind::ListObjectsV2;
    let token = asked.parameter("continuation-token").filter(|_| second);
    let start = match (second, token) {
        (false, _) => asked.parameter("marker").unwrap_or_default().to_owned(),
        (true, None) => asked.parameter("start-after").unwrap_or_default().to_owned(),
        (true, Some(token)) => URL_SAFE_NO_PAD
            .decode(token)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .ok_or_else(|| S3Error::argument("The continuation token provided is incorrect"))?,
    };
    let url = match asked.parameter("encoding-type") {
        None => false,
        Some("url") => true,
        Some(_) => return Err(S3Error::argument("Invalid Encoding Method specified in Request")),
    };
    let page = page(cx, prefix, delimiter, &start, most).await?;
    let encoded = |text: &str| match url {
        true => utf8_percent_encode(text, ENCODED).to_string(),
        false => text.to_owned(),
    };
    Ok(S3Reply::document(Document::of("ListBucketResult", |out| {
        out.text("Name", cx.bucket());
        out.text("Prefix", &encoded(prefix));
        if !delimiter.is_empty() {
            out.text("Delimiter", &encoded(delimiter));
        }
        out.value("MaxKeys", most);
        if url {
            out.value("EncodingType", "url");
        }
        out.value("IsTruncated", page.next.is_some());
        if second {
            out.value("KeyCount", page.objects.len() + page.prefixes.len());
            if let Some(token) = token {
                out.text("ContinuationToken", token);
            } else if let Some(after) = asked.parameter("start-after") {
                out.text("StartAfter", &encoded(after));
            }
            if let Some(next) = &page.next {
                out.text("NextContinuationToken", &URL_SAFE_NO_PAD.encode(next));
            }
        } else {
            out.text("Marker", &encoded(&start));
            if let Some(next) = &page.next {
                out.text("NextMarker", &encoded(next));
            }
        }
        for object in &page.objects {
            out.element("Contents", |out| {
                out.text("Key", &encoded(&object.key));
                out.time("LastModified", object.modified);
                out.text("ETag", &format!("\"{}\"", object.etag));
                out.value("Size", object.size);
                out.value("StorageClass", "STANDARD");
            });
        }
        for prefix in &page.prefixes {
            out.element("CommonPrefixes", |out| out.text("Prefix", &encoded(prefix)));
        }
    })))
}

async fn page(cx: &Cx<'_>, prefix: &str, delimiter: &str, start: &str, most: usize) -> Result<Page, S3Error> {
    let mut page = Page {
        objects: Vec::new(),
        prefixes: Vec::new(),
        next: None,
    };
    let mut after = start.to_owned();
    // A page that went on after a common prefix goes on after all that it stands for.
    if !delimiter.is_empty() && start.starts_with(prefix) && start[prefix.len()..].ends_with(delimiter) {
        after.push(char::MAX);
    }
    let mut last = String::new();
    loop {
        let entries = page.objects.len() + page.prefixes.len();
        // One more than is wanted shows whether there is another page.
        let wanted = most - entries + 1;
        let listed = cx
            .objects()
            .list(&cx.owner(), cx.bucket(), prefix, &after, wanted)
            .await?;
        let complete = listed.len() < wanted;
        let mut skipped = false;
        for object in listed {
            let rest = &object.key[prefix.len()..];
            let end = (!delimiter.is_empty()).then(|| rest.find(delimiter)).flatten();
            let common = end.map(|end| object.key[..prefix.len() + end + delimiter.len()].to_owned());
            if common.is_some() && common.as_ref() == page.prefixes.last() {
                after = object.key;
                continue;
            }
            if page.objects.len() + page.prefixes.len() == most {
                page.next = (most > 0).then_some(last);
                return Ok(page);
            }
            match common {
                None => {
                    last.clone_from(&object.key);
                    after.clone_from(&object.key);
                    page.objects.push(object);
                }
                Some(common) => {
                    last.clone_from(&common);
                    after = format!("{common}{}", char::MAX);
                    page.prefixes.push(common);
                    // What else has it need not be read.
                    skipped = true;
                    break;
                }
            }
        }
        if complete && !skipped {
            return Ok(page);
        }
    }
}
