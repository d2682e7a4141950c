//! The range of bytes that a reader wants (RFC 9110, 14.2).

use std::ops::Range;

use crate::s3::error::S3Error;

/// The range within an object of this size; nothing for the whole of it, and for a header that is to be ignored: one in another
/// unit, or with several ranges.
pub(super) fn read(header: Option<&str>, size: u64) -> Result<Option<Range<u64>>, S3Error> {
    let Some((first, last)) = header
        .and_then(|text| text.trim().strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Ok(None);
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    // A number that is too large for us is larger than any object.
    let number = |text: &str| digits(text).then(|| text.parse().unwrap_or(u64::MAX));
    let range = match (
        number(first.trim()),
        number(last.trim()),
        first.trim().is_empty(),
        last.trim().is_empty(),
    ) {
        (Some(first), Some(last), ..) if first <= last => first..last.saturating_add(1).min(size),
        (Some(first), _, _, true) => first..size,
        (_, Some(last), true, _) => size.saturating_sub(last)..size,
        _ => return Ok(None),
    };
    match range.start >= size || range.is_empty() {
        true => Err(S3Error::new(
            "InvalidRange",
            416,
            "The requested range is not satisfiable",
        )),
        false => Ok(Some(range)),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn ranges_are_read() {
        for (text, range) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-", 0..10),
            ("bytes=9-", 9..10),
            ("bytes=2-99999999999999999999999", 2..10),
            ("bytes=-3", 7..10),
            ("bytes=-300", 0..10),
        ] {
            assert_eq!(read(Some(text), 10).unwrap(), Some(range), "{text}");
        }
        for ignored in [
            "bytes=3-2",
            "bytes=a-b",
            "items=0-1",
            "bytes=0-1,3-4",
            "bytes=-",
            "bytes",
        ] {
            assert_eq!(read(Some(ignored), 10).unwrap(), None, "{ignored}");
        }
        assert_eq!(read(None, 10).unwrap(), None);
        for beyond in ["bytes=10-", "bytes=10-20", "bytes=-0"] {
            assert!(read(Some(beyond), 10).is_err(), "{beyond}");
        }
        assert!(read(Some("bytes=0-"), 0).is_err());
    }
}
