//! The canonical request: the one text that signer and verifier both hash.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, percent_encode};
use sha2::{Digest, Sha256};

use crate::{ALGORITHM, Request, Scope, SigV4Error, hex, query};

/// Hashes the canonical form of a request into the string to sign.
///
/// `signed_headers` are lower-case names in order; `leave_out` names the query parameters that are not signed;
/// `payload` is the body's hash in hexadecimal, or the word that stands for an unsigned body.
pub(crate) fn string_to_sign(
    request: &Request<'_>,
    signed_headers: &[String],
    leave_out: &[&str],
    payload: &str,
    scope: &Scope,
    time: &str,
) -> Result<String, SigV4Error> {
    let canonical = canonical_request(request, signed_headers, leave_out, payload, &scope.service)?;
    let hash = hex::encode(&Sha256::digest(canonical).into());
    Ok(format!("{ALGORITHM}\n{time}\n{scope}\n{hash}"))
}

fn canonical_request(
    request: &Request<'_>,
    signed_headers: &[String],
    leave_out: &[&str],
    payload: &str,
    service: &str,
) -> Result<Vec<u8>, SigV4Error> {
    let mut out = Vec::with_capacity(512 + request.target.len() * 2);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    path(request.path(), service, &mut out);
    out.push(b'\n');
    query::canonical(request.query(), leave_out, &mut out);
    out.push(b'\n');
    for name in signed_headers {
        out.extend_from_slice(name.as_bytes());
        let mut separator = b':';
        for value in request.header(name) {
            out.push(separator);
            folded(value, &mut out);
            separator = b',';
        }
        if separator == b':' {
            return Err(SigV4Error::SignedHeaderAbsent(name.clone()));
        }
        out.push(b'\n');
    }
    out.push(b'\n');
    for (position, name) in signed_headers.iter().enumerate() {
        if position > 0 {
            out.push(b';');
        }
        out.extend_from_slice(name.as_bytes());
    }
    out.push(b'\n');
    out.extend_from_slice(payload.as_bytes());
    Ok(out)
}

/// Appends the canonical path. Every service but S3 normalises it and encodes it once more than the wire does,
/// so that `%2F` becomes `%252F`; S3 takes it as it is, for its keys may hold dots and double slashes.
fn path(raw: &[u8], service: &str, out: &mut Vec<u8>) {
    if service == "s3" {
        out.extend_from_slice(if raw.is_empty() { b"/" } else { raw });
        return;
    }
    for piece in percent_encode(&normalised(raw), PATH_ENCODED) {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// A path without dot segments (RFC 3986 5.2.4) and without empty segments, which AWS removes as well.
/// `%2E%2E` is a name here and not a dot segment.
fn normalised(raw: &[u8]) -> Cow<'_, [u8]> {
    let plain = |segment: &[u8]| !matches!(segment, b"" | b"." | b"..");
    let inner = raw.strip_prefix(b"/").unwrap_or(raw);
    let inner = inner.strip_suffix(b"/").unwrap_or(inner);
    if raw.starts_with(b"/") && (inner.split(|byte| *byte == b'/').all(plain) || raw == b"/") {
        return Cow::Borrowed(raw);
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    for segment in raw.split(|byte| *byte == b'/') {
        match segment {
            b"" | b"." => {}
            b".." => drop(kept.pop()),
            name => kept.push(name),
        }
    }
    let mut out = if raw.starts_with(b"/") || raw.is_empty() {
        vec![b'/']
    } else {
        Vec::new()
    };
    out.extend_from_slice(&kept.join(&b'/'));
    if raw.ends_with(b"/") && !kept.is_empty() {
        out.push(b'/');
    }
    Cow::Owned(out)
}

/// Appends a header's value without the white space around it, every run inside folded to one space.
fn folded(value: &[u8], out: &mut Vec<u8>) {
    let words = value
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    for (position, word) in words.enumerate() {
        if position > 0 {
            out.push(b' ');
        }
        out.extend_from_slice(word);
    }
}

const PATH_ENCODED: &AsciiSet = &query::ENCODED.remove(b'/');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_normalised_and_encoded_once_more() {
        for (raw, expected) in [
            ("", "/"),
            ("/", "/"),
            ("/things/a", "/things/a"),
            ("/authorizers/", "/authorizers/"),
            ("/topics/a%2Fb%20c", "/topics/a%252Fb%2520c"),
            ("/a//b", "/a/b"),
            ("//", "/"),
            ("/a/./b/../c/", "/a/c/"),
            ("/../..", "/"),
            ("/..%2F/~x", "/..%252F/~x"),
            ("/ü:$", "/%C3%BC%3A%24"),
        ] {
            let mut out = Vec::new();
            path(raw.as_bytes(), "iot", &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn s3_keeps_a_path_as_it_is() {
        let mut out = Vec::new();
        path(b"/a//./b%2Fc", "s3", &mut out);
        assert_eq!(out, b"/a//./b%2Fc");
    }

    #[test]
    fn white_space_in_a_header_is_folded() {
        let mut out = Vec::new();
        folded(b"  a  \t b c ", &mut out);
        assert_eq!(out, b"a b c");
    }
}
