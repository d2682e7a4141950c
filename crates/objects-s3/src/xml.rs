//! The few documents that a client of S3 reads and writes.

use quick_xml::Reader;
use quick_xml::events::{BytesText, Event};

/// What is told of an object in a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) modified: String,
    pub(crate) etag: String,
    pub(crate) size: u64,
}

/// A page of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Listed>,
    pub(crate) is_truncated: bool,
    /// Whether the keys are percent-encoded.
    pub(crate) is_encoded: bool,
}

/// The text of the first element of a name, if the bytes are a document up to there.
pub(crate) fn text_of(bytes: &[u8], wanted: &str) -> Option<String> {
    let mut found = None;
    let _ = each(bytes, |path, text| {
        let is_it = path.last().is_some_and(|name| name == wanted);
        if is_it && found.is_none() {
            found = Some(text.to_owned());
        }
    });
    found
}

/// The name of a document's root.
pub(crate) fn root(bytes: &[u8]) -> Option<String> {
    let mut found = None;
    let _ = each(bytes, |path, _| {
        found = found.take().or_else(|| path.first().cloned())
    });
    found
}

/// Reads the answer of ListObjectsV2; nothing of one that is none.
pub(crate) fn page(bytes: &[u8]) -> Option<Page> {
    let mut page = Page::default();
    let mut is_whole = true;
    each(bytes, |path, text| {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path[..] {
            ["ListBucketResult", "IsTruncated"] => page.is_truncated = text == "true",
            ["ListBucketResult", "EncodingType"] => page.is_encoded = text == "url",
            // Its key is told first by every server that is known, but that need not be so.
            ["ListBucketResult", "Contents"] => page.objects.push(Listed::default()),
            ["ListBucketResult", "Contents", member] => {
                let Some(last) = page.objects.last_mut() else {
                    return;
                };
                match member {
                    "Key" => text.clone_into(&mut last.key),
                    "LastModified" => text.clone_into(&mut last.modified),
                    "ETag" => text.trim_matches('"').clone_into(&mut last.etag),
                    "Size" => match text.parse() {
                        Ok(size) => last.size = size,
                        Err(_) => is_whole = false,
                    },
                    _ => {}
                }
            }
            _ => {}
        }
    })?;
    is_whole.then_some(page)
}

/// Writes the list of parts that an upload is completed with.
pub(crate) fn complete(parts: &[String]) -> String {
    let mut text =
        String::from("<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (number, etag) in (1..).zip(parts) {
        let etag = BytesText::new(etag).into_inner();
        text.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>\"{}\"</ETag></Part>",
            String::from_utf8_lossy(&etag)
        ));
    }
    text.push_str("</CompleteMultipartUpload>");
    text
}

/// Tells each element with its path: first when it begins, without a text, if it has others inside or nothing; one with a text
/// when it ends.
fn each(bytes: &[u8], mut tell: impl FnMut(&[String], &str)) -> Option<()> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let mut text = String::new();
    let (mut is_told, mut has_root) = (true, false);
    loop {
        match reader.read_event().ok()? {
            Event::Start(start) if path.len() < DEEPEST => {
                if !is_told {
                    tell(&path, "");
                }
                path.push(String::from_utf8_lossy(start.local_name().as_ref()).into_owned());
                text.clear();
                (is_told, has_root) = (false, true);
            }
            Event::Start(_) | Event::DocType(_) => return None,
            Event::Empty(empty) => {
                if !is_told {
                    tell(&path, "");
                    is_told = true;
                }
                path.push(String::from_utf8_lossy(empty.local_name().as_ref()).into_owned());
                has_root = true;
                tell(&path, "");
                path.pop();
            }
            Event::Text(more) => text.push_str(&more.decode().ok()?),
            Event::CData(more) => text.push_str(&more.decode().ok()?),
            Event::GeneralRef(reference) => text.push(match reference.resolve_char_ref() {
                Ok(Some(character)) => character,
                _ => match &*reference.decode().ok()? {
                    "amp" => '&',
                    "lt" => '<',
                    "gt" => '>',
                    "quot" => '"',
                    "apos" => '\'',
                    _ => return None,
                },
            }),
            Event::End(_) => {
                if !is_told {
                    tell(&path, &text);
                    is_told = true;
                }
                path.pop()?;
            }
            Event::Eof => return (has_root && path.is_empty()).then_some(()),
            Event::Decl(_) | Event::Comment(_) | Event::PI(_) => {}
        }
    }
}

/// How deep elements may stand in one another.
const DEEPEST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read() {
        let text = "<?xml version=\"1.0\"?><ListBucketResult xmlns=\"x\"><Name>b</Name><Prefix/>\
            <IsTruncated>true</IsTruncated><EncodingType>url</EncodingType>\
            <Contents><Key>a%20b</Key><LastModified>2026-11-27T10:11:26.000Z</LastModified>\
            <ETag>&quot;e&quot;</ETag><Size>7</Size><Owner><ID>o</ID></Owner></Contents>\
            <Contents>\n<Key>c</Key><Size>0</Size></Contents></ListBucketResult>";
        let page = page(text.as_bytes()).unwrap();
        assert!(page.is_truncated && page.is_encoded);
        assert_eq!(page.objects.len(), 2);
        assert_eq!((page.objects[0].key.as_str(), page.objects[0].size), ("a%20b", 7));
        assert_eq!(page.objects[0].etag, "e");
        assert_eq!(page.objects[1].key, "c");
        assert_eq!(root(text.as_bytes()).as_deref(), Some("ListBucketResult"));
    }

    #[test]
    fn what_is_no_page_is_none() {
        for wrong in [
            "text",
            "<ListBucketResult>",
            "<ListBucketResult><Contents><Size>x</Size></Contents></ListBucketResult>",
            "<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>",
            &"<a>".repeat(20),
        ] {
            assert_eq!(page(wrong.as_bytes()), None, "{wrong}");
        }
        assert_eq!(
            text_of(b"<Error><Code>A</Code><Code>B", "Code").as_deref(),
            Some("A")
        );
        assert_eq!(text_of(b"<html><p>oops", "Code"), None);
    }

    #[test]
    fn parts_are_written_in_order() {
        let text = complete(&["a".into(), "b".into()]);
        assert!(
            text.contains("<PartNumber>2</PartNumber><ETag>\"b\"</ETag>"),
            "{text}"
        );
    }
}
