//! The forms of private keys.

use crate::der::{self, Reader};
use crate::{CertificateError, pem};

/// Writes an RSA private key, given as the DER of PKCS #8, in the older form that AWS hands out: PKCS #1, labelled
/// `RSA PRIVATE KEY`. Whoever asks for the text wipes it.
///
/// # Errors
/// [`CertificateError::Malformed`] for what is no such key.
pub fn rsa_private_key_pem(pkcs8: &[u8]) -> Result<String, CertificateError> {
    pkcs1(pkcs8)
        .map(|key| pem::encode("RSA PRIVATE KEY", key))
        .ok_or(CertificateError::Malformed("the private key"))
}

/// RFC 5958 2: a version, the algorithm, and the key in an OCTET STRING; attributes may follow.
fn pkcs1(pkcs8: &[u8]) -> Option<&[u8]> {
    let mut fields = Reader::inside(pkcs8, der::SEQUENCE)?;
    fields.expect(der::INTEGER)?;
    let mut algorithm = Reader::new(fields.expect(der::SEQUENCE)?.content);
    (algorithm.expect(der::OBJECT_IDENTIFIER)?.content == RSA_ENCRYPTION).then_some(())?;
    let key = fields.expect(der::OCTET_STRING)?.content;
    Reader::inside(key, der::SEQUENCE).map(|_| key)
}

/// 1.2.840.113549.1.1.1
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &[u8] = include_bytes!("../../../testdata/rsa-keys/1.pkcs8.der");

    #[test]
    fn an_rsa_key_is_written_in_the_older_form() {
        let pem = rsa_private_key_pem(KEY).unwrap();
        assert!(pem.starts_with("-----BEGIN RSA PRIVATE KEY-----\nMII"));
        assert!(pem.ends_with("-----END RSA PRIVATE KEY-----\n"));
        let key = pem::decode(&pem, &["RSA PRIVATE KEY"], 10_000).unwrap();
        assert!(aws_lc_rs::signature::RsaKeyPair::from_der(&key).is_ok());
    }

    #[test]
    fn what_is_no_rsa_key_is_refused() {
        for length in [0, 1, 30, KEY.len() - 1] {
            assert!(rsa_private_key_pem(&KEY[..length]).is_err(), "{length}");
        }
        assert!(rsa_private_key_pem(include_bytes!("../../../testdata/rsa-keys/1.spki.der")).is_err());
    }
}
