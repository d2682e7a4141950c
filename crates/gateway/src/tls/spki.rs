//! The public key of a certificate, found without judging the certificate.
//!
//! A whole parser refuses what devices bring: version 1 certificates (`openssl x509 -req` makes them) and critical
//! extensions nobody knows. Only the outer shape and the fields before the key are walked here; the extensions are
//! never looked at.

use rustls::pki_types::SubjectPublicKeyInfoDer;

/// Finds the SubjectPublicKeyInfo, its outer tag included. `None` if this is no DER certificate, whole and with
/// nothing after it (else one certificate could come under many fingerprints).
pub(crate) fn subject_public_key_info(certificate: &[u8]) -> Option<SubjectPublicKeyInfoDer<'_>> {
    // RFC 5280 4.1: Certificate is a SEQUENCE of tbsCertificate, signatureAlgorithm and signatureValue.
    let mut outer = Reader(certificate);
    let mut fields = Reader(outer.take(SEQUENCE)?.content);
    let mut tbs = Reader(fields.take(SEQUENCE)?.content);
    fields.take(SEQUENCE)?;
    fields.take(BIT_STRING)?;
    if !outer.0.is_empty() || !fields.0.is_empty() {
        return None;
    }
    // RFC 5280 4.1.2.1: the version stands in [0] and is absent in version 1.
    if tbs.0.first() == Some(&VERSION) {
        tbs.take(VERSION)?;
    }
    tbs.take(INTEGER)?;
    // signature, issuer, validity, subject
    for _ in 0..4 {
        tbs.take(SEQUENCE)?;
    }
    tbs.take(SEQUENCE)
        .map(|spki| SubjectPublicKeyInfoDer::from(spki.whole))
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

struct Element<'a> {
    /// With tag and length.
    whole: &'a [u8],
    content: &'a [u8],
}

/// What is left to read of a constructed value.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Takes the next element, which must bear this tag and a length in DER's one shortest form (X.690 10.1).
    fn take(&mut self, tag: u8) -> Option<Element<'a>> {
        let (&[found, first], after) = self.0.split_first_chunk::<2>()?;
        if found != tag {
            return None;
        }
        let octets = match first {
            0..=0x7f => 0,
            0x81 => 1,
            0x82 => 2,
            0x83 => 3,
            // Indefinite lengths are not DER, and 16 MiB is far beyond any bound of ours.
            _ => return None,
        };
        let (length, content) = after.split_at_checked(octets)?;
        let length = match octets {
            0 => usize::from(first),
            _ => length.iter().fold(0, |sum, octet| sum << 8 | usize::from(*octet)),
        };
        let shortest = match octets {
            0 => 0,
            1 => 0x80,
            _ => 1 << (8 * (octets - 1)),
        };
        if length < shortest {
            return None;
        }
        let (content, rest) = content.split_at_checked(length)?;
        let whole = &self.0[..2 + octets + length];
        self.0 = rest;
        Some(Element { whole, content })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, KeyPair, PublicKeyData};

    use super::*;

    fn certificate() -> (Vec<u8>, Vec<u8>) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["device".into()])
            .unwrap()
            .self_signed(&key)
            .unwrap();
        (certificate.der().to_vec(), key.subject_public_key_info())
    }

    #[test]
    fn finds_the_key() {
        let (certificate, key) = certificate();
        assert_eq!(subject_public_key_info(&certificate).unwrap().as_ref(), key);
    }

    #[test]
    fn a_certificate_has_nothing_after_it() {
        let (mut certificate, _) = certificate();
        certificate.push(0);
        assert!(subject_public_key_info(&certificate).is_none());
    }

    #[test]
    fn a_cut_certificate_is_none() {
        let (certificate, _) = certificate();
        for length in 0..certificate.len() {
            assert!(
                subject_public_key_info(&certificate[..length]).is_none(),
                "{length}"
            );
        }
    }

    #[test]
    fn a_length_has_one_form() {
        assert_eq!(Reader(&[0x30, 0x01, 7]).take(SEQUENCE).unwrap().content, [7]);
        assert!(Reader(&[0x30, 0x81, 0x01, 7]).take(SEQUENCE).is_none());
        assert!(Reader(&[0x30, 0x80, 7, 0, 0]).take(SEQUENCE).is_none());
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64), flips in any::<[(u16, u8); 4]>()) {
            let _ = subject_public_key_info(&bytes);
            let (mut certificate, _) = certificate();
            for (at, value) in flips {
                let at = usize::from(at) % certificate.len();
                certificate[at] = value;
            }
            if let Some(key) = subject_public_key_info(&certificate) {
                prop_assert!(key.as_ref().len() < certificate.len());
            }
        }
    }
}
