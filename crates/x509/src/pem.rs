//! Privacy-enhanced mail's text form of DER (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::CertificateError;

/// Writes a PEM block: lines of 64 characters, each ended by a line feed.
pub fn encode(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let mut text = String::with_capacity(base64.len() + base64.len() / 64 + 2 * label.len() + 40);
    text.push_str("-----BEGIN ");
    text.push_str(label);
    text.push_str("-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----\n");
    text
}

/// Reads the first block that has one of `labels`. Text around it, line ends of any kind and lines of any length
/// are tolerated, as openssl and AWS do; whatever follows the block is not read.
pub(crate) fn decode(text: &str, labels: &[&'static str], limit: usize) -> Result<Vec<u8>, CertificateError> {
    let wanted = labels.first().copied().unwrap_or_default();
    if text.len() > limit {
        return Err(CertificateError::TooLong {
            length: text.len(),
            limit,
        });
    }
    let (start, label) = labels
        .iter()
        .filter_map(|label| {
            text.find(&format!("-----BEGIN {label}-----"))
                .map(|start| (start, label))
        })
        .min()
        .ok_or(CertificateError::NoPemBlock(wanted))?;
    let body = &text[start + "-----BEGIN -----".len() + label.len()..];
    let (body, _) = body
        .split_once(&format!("-----END {label}-----"))
        .ok_or(CertificateError::NoPemBlock(wanted))?;
    let base64: Vec<u8> = body.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    STANDARD.decode(base64).map_err(|_| CertificateError::Base64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_block_of_the_label_counts() {
        let text = format!(
            "subject=/CN=x\r\n{}{}{}",
            encode("PRIVATE KEY", b"secret"),
            encode("CERTIFICATE", b"first").replace('\n', "\r\n"),
            encode("CERTIFICATE", b"second"),
        );
        assert_eq!(decode(&text, &["CERTIFICATE"], 1000).unwrap(), b"first");
        let requests = format!("{}{}", encode("B", b"1"), encode("A", b"2"));
        assert_eq!(decode(&requests, &["A", "B"], 1000).unwrap(), b"1");
    }

    #[test]
    fn what_is_no_block_is_refused() {
        let none = Err(CertificateError::NoPemBlock("CERTIFICATE"));
        let read = |text: &str| decode(text, &["CERTIFICATE"], 100);
        assert_eq!(read(""), none);
        assert_eq!(read("-----BEGIN CERTIFICATE-----\nAAAA\n"), none);
        assert_eq!(read(&encode("TRUSTED CERTIFICATE", b"x")), none);
        assert_eq!(
            read("-----BEGIN CERTIFICATE-----\nA*A=\n-----END CERTIFICATE-----\n"),
            Err(CertificateError::Base64)
        );
        assert_eq!(
            read(&" ".repeat(101)),
            Err(CertificateError::TooLong {
                length: 101,
                limit: 100
            })
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(der in prop::collection::vec(any::<u8>(), 0..300)) {
            let text = encode("CERTIFICATE", &der);
            prop_assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with("-----\n"));
            prop_assert_eq!(decode(&text, &["CERTIFICATE"], 1000).unwrap(), der);
        }

        #[test]
        fn nothing_makes_the_reader_panic(text in "(-----|BEGIN |END |CERTIFICATE|AAAA|=|é|\n| ){0,20}") {
            let read = decode(&text, &["CERTIFICATE"], 1000);
            prop_assert!(read.is_err() || text.contains("-----END CERTIFICATE-----"));
        }
    }
}
