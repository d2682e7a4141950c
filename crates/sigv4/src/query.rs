//! The query of a request: its parameters, and their canonical form.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode, percent_encode};

/// What a canonical query percent-encodes: everything but RFC 3986's unreserved characters.
pub(crate) const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The parameters of a query, still encoded, in the order given. One without `=` has an empty value; a `+` is
/// a plus sign.
pub(crate) fn parameters(query: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs = (!query.is_empty()).then(|| query.split(|byte| *byte == b'&'));
    pairs.into_iter().flatten().map(|pair| {
        let at = pair.iter().position(|byte| *byte == b'=');
        at.map_or((pair, &b""[..]), |at| (&pair[..at], &pair[at + 1..]))
    })
}

/// Decodes one name or value.
pub(crate) fn decode(part: &[u8]) -> Cow<'_, [u8]> {
    percent_decode(part).into()
}

/// Appends the canonical form of a query to `out`: parameters whose decoded name `leave_out` names are left
/// out, the others encoded anew and sorted by encoded name, then encoded value.
pub(crate) fn canonical(query: &[u8], leave_out: &[&str], out: &mut Vec<u8>) {
    let mut pairs: Vec<_> = parameters(query)
        .filter(|(name, _)| {
            let name = decode(name);
            !leave_out.iter().any(|left_out| left_out.as_bytes() == &*name)
        })
        .map(|(name, value)| (recode(name), recode(value)))
        .collect();
    pairs.sort_unstable();
    for (position, (name, value)) in pairs.iter().enumerate() {
        if position > 0 {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

/// A name or value in its one canonical encoding, whichever encoding it came in.
fn recode(part: &[u8]) -> Cow<'_, [u8]> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    if part.iter().all(plain) {
        return Cow::Borrowed(part);
    }
    let text: Cow<'_, str> = percent_encode(&decode(part), ENCODED).to_string().into();
    Cow::Owned(text.into_owned().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canonical_text(query: &str, leave_out: &[&str]) -> String {
        let mut out = Vec::new();
        canonical(query.as_bytes(), leave_out, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn parameters_are_sorted_and_encoded_in_one_way() {
        assert_eq!(canonical_text("", &[]), "");
        assert_eq!(canonical_text("b=2&a=2&a=1&c", &[]), "a=1&a=2&b=2&c=");
        assert_eq!(canonical_text("a=x:y&b=%3a&c=%7E", &[]), "a=x%3Ay&b=%3A&c=~");
        assert_eq!(canonical_text("a=b=c&d=%zz", &[]), "a=b%3Dc&d=%25zz");
        // Sorting is by the encoded name: `%` stands before every letter and digit.
        assert_eq!(canonical_text("a=1&%C3%A4=2", &[]), "%C3%A4=2&a=1");
    }

    #[test]
    fn a_parameter_is_left_out_in_any_encoding() {
        assert_eq!(
            canonical_text("X%2DAmz-Signature=1&a=2", &["X-Amz-Signature"]),
            "a=2"
        );
    }
}
