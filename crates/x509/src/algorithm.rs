//! Signature algorithms, and verifying with them.

use std::fmt;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use crate::der::{self, Element, Reader};
use crate::{CertificateError, Curve, KeyKind, PublicKey, oid};

/// How a certificate or a request is signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(Hash),
    /// RSASSA-PSS with the same hash in its mask, and this many bytes of salt.
    RsaPss(Hash, u32),
    /// ECDSA.
    Ecdsa(Hash),
    /// DSA with SHA-256. It is on AWS's list; nothing here verifies it.
    DsaSha256,
    /// Any other, by its object identifier.
    Other(String),
}

/// The hash in a signature algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SHA-1, refused everywhere but in a registered authority's own certificate, where the signature proves nothing.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl SignatureAlgorithm {
    /// Reads the DER of an AlgorithmIdentifier.
    pub(crate) fn from_der(input: &[u8]) -> Option<Self> {
        let (oid, parameters) = algorithm_identifier(Reader::inside(input, der::SEQUENCE)?)?;
        let none = parameters.is_none();
        // RFC 4055 5 wants NULL with RSA; some leave it out. RFC 5758 3 wants nothing with the others.
        let null = parameters.is_none_or(|parameters| parameters.whole == [der::NULL, 0]);
        let other = || Self::Other(oid::to_text(oid));
        let known = match oid {
            SHA1_WITH_RSA if null => Self::RsaPkcs1(Hash::Sha1),
            oid::SHA256_WITH_RSA if null => Self::RsaPkcs1(Hash::Sha256),
            SHA384_WITH_RSA if null => Self::RsaPkcs1(Hash::Sha384),
            SHA512_WITH_RSA if null => Self::RsaPkcs1(Hash::Sha512),
            RSASSA_PSS => parameters.and_then(pss).unwrap_or_else(other),
            ECDSA_WITH_SHA1 if none => Self::Ecdsa(Hash::Sha1),
            oid::ECDSA_WITH_SHA256 if none => Self::Ecdsa(Hash::Sha256),
            ECDSA_WITH_SHA384 if none => Self::Ecdsa(Hash::Sha384),
            ECDSA_WITH_SHA512 if none => Self::Ecdsa(Hash::Sha512),
            DSA_WITH_SHA256 if none => Self::DsaSha256,
            _ => other(),
        };
        Some(known)
    }

    /// Checks that the algorithm is on AWS's list for client certificates (guide, "X.509 client certificates").
    pub(crate) fn check(&self) -> Result<(), CertificateError> {
        match self {
            Self::RsaPkcs1(hash) | Self::RsaPss(hash, _) | Self::Ecdsa(hash) if *hash != Hash::Sha1 => Ok(()),
            Self::DsaSha256 => Ok(()),
            _ => Err(CertificateError::SignatureAlgorithm(self.to_string())),
        }
    }

    /// Whether the hash is SHA-1, which nothing here verifies.
    pub(crate) fn is_sha1(&self) -> bool {
        matches!(
            self,
            Self::RsaPkcs1(Hash::Sha1) | Self::RsaPss(Hash::Sha1, _) | Self::Ecdsa(Hash::Sha1)
        )
    }

    /// Verifies a signature over `message`.
    pub(crate) fn verify(
        &self,
        key: &PublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CertificateError> {
        let algorithm = self.with(key.kind()).ok_or_else(|| match key.kind() {
            KeyKind::Other(name) => CertificateError::KeyKind(name.clone()),
            _ => CertificateError::SignatureAlgorithm(self.to_string()),
        })?;
        UnparsedPublicKey::new(algorithm, key.key())
            .verify(message, signature)
            .map_err(|_| CertificateError::Signature)
    }

    /// The library's algorithm for this one and a kind of key, if they go together.
    fn with(&self, kind: &KeyKind) -> Option<&'static dyn VerificationAlgorithm> {
        Some(match (self, kind) {
            (Self::RsaPkcs1(Hash::Sha256), KeyKind::Rsa { .. }) => &signature::RSA_PKCS1_2048_8192_SHA256,
            (Self::RsaPkcs1(Hash::Sha384), KeyKind::Rsa { .. }) => &signature::RSA_PKCS1_2048_8192_SHA384,
            (Self::RsaPkcs1(Hash::Sha512), KeyKind::Rsa { .. }) => &signature::RSA_PKCS1_2048_8192_SHA512,
            // The library takes a salt as long as the hash, as does TLS (RFC 8446 4.2.3).
            (Self::RsaPss(Hash::Sha256, 32), KeyKind::Rsa { .. } | KeyKind::RsaPss { .. }) => {
                &signature::RSA_PSS_2048_8192_SHA256
            }
            (Self::RsaPss(Hash::Sha384, 48), KeyKind::Rsa { .. } | KeyKind::RsaPss { .. }) => {
                &signature::RSA_PSS_2048_8192_SHA384
            }
            (Self::RsaPss(Hash::Sha512, 64), KeyKind::Rsa { .. } | KeyKind::RsaPss { .. }) => {
                &signature::RSA_PSS_2048_8192_SHA512
            }
            (Self::Ecdsa(Hash::Sha256), KeyKind::Ec(Curve::P256)) => &signature::ECDSA_P256_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), KeyKind::Ec(Curve::P256)) => &signature::ECDSA_P256_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha512), KeyKind::Ec(Curve::P256)) => &signature::ECDSA_P256_SHA512_ASN1,
            (Self::Ecdsa(Hash::Sha256), KeyKind::Ec(Curve::P384)) => &signature::ECDSA_P384_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), KeyKind::Ec(Curve::P384)) => &signature::ECDSA_P384_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha512), KeyKind::Ec(Curve::P384)) => &signature::ECDSA_P384_SHA512_ASN1,
            (Self::Ecdsa(Hash::Sha256), KeyKind::Ec(Curve::P521)) => &signature::ECDSA_P521_SHA256_ASN1,
            (Self::Ecdsa(Hash::Sha384), KeyKind::Ec(Curve::P521)) => &signature::ECDSA_P521_SHA384_ASN1,
            (Self::Ecdsa(Hash::Sha512), KeyKind::Ec(Curve::P521)) => &signature::ECDSA_P521_SHA512_ASN1,
            _ => return None,
        })
    }
}

/// Reads the parameters of RSASSA-PSS (RFC 4055 3.1). Two different hashes, another mask or another trailer are not
/// understood.
fn pss(parameters: Element<'_>) -> Option<SignatureAlgorithm> {
    let mut fields = Reader::inside(parameters.whole, der::SEQUENCE)?;
    let mut field = |number| {
        fields
            .optional(der::constructed(number))
            .map(|field| field.content)
    };
    let (hash, mask, salt, trailer) = (field(0), field(1), field(2), field(3));
    let hash = hash.map_or(Some(Hash::Sha1), Hash::read)?;
    let mask = match mask {
        None => Hash::Sha1,
        Some(mask) => {
            let (kind, of) = algorithm_identifier(Reader::inside(mask, der::SEQUENCE)?)?;
            (kind == MGF1).then_some(())?;
            Hash::read(of?.whole)?
        }
    };
    let number = |content| match Reader::new(content).expect(der::INTEGER)?.content {
        [byte @ 0..=0x7f] => Some(u32::from(*byte)),
        [0, byte @ 0x80..=0xff] => Some(u32::from(*byte)),
        [high @ 1..=0x7f, low] => Some(u32::from(*high) << 8 | u32::from(*low)),
        _ => None,
    };
    let salt = salt.map_or(Some(20), number)?;
    let trailer = trailer.map_or(Some(1), number)?;
    (fields.is_empty() && mask == hash && trailer == 1).then_some(SignatureAlgorithm::RsaPss(hash, salt))
}

/// The object identifier and the parameters of an AlgorithmIdentifier.
fn algorithm_identifier(mut fields: Reader<'_>) -> Option<(&[u8], Option<Element<'_>>)> {
    let oid = fields.expect(der::OBJECT_IDENTIFIER)?.content;
    let parameters = if fields.is_empty() {
        None
    } else {
        Some(fields.next()?)
    };
    fields.is_empty().then_some((oid, parameters))
}

impl Hash {
    /// Reads the DER of the AlgorithmIdentifier of a hash.
    fn read(input: &[u8]) -> Option<Self> {
        let (oid, parameters) = algorithm_identifier(Reader::inside(input, der::SEQUENCE)?)?;
        if parameters.is_some_and(|parameters| parameters.whole != [der::NULL, 0]) {
            return None;
        }
        match oid::to_text(oid).as_str() {
            "1.3.14.3.2.26" => Some(Self::Sha1),
            "2.16.840.1.101.3.4.2.1" => Some(Self::Sha256),
            "2.16.840.1.101.3.4.2.2" => Some(Self::Sha384),
            "2.16.840.1.101.3.4.2.3" => Some(Self::Sha512),
            _ => None,
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    /// The name that AWS's guide has, such as `SHA256WITHRSA`; an object identifier where it has none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RsaPkcs1(hash) => write!(f, "{hash}WITHRSA"),
            Self::RsaPss(hash, _) => write!(f, "{hash}WITHRSAANDMGF1"),
            Self::Ecdsa(hash) => write!(f, "ECDSA-WITH-{hash}"),
            Self::DsaSha256 => f.write_str("DSA_WITH_SHA256"),
            Self::Other(oid) => f.write_str(oid),
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha384 => "SHA384",
            Self::Sha512 => "SHA512",
        })
    }
}

/// 1.2.840.113549.1.1.8
const MGF1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08];
/// 1.2.840.113549.1.1.5
const SHA1_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x05];
/// 1.2.840.113549.1.1.10
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// 1.2.840.113549.1.1.12
const SHA384_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0c];
/// 1.2.840.113549.1.1.13
const SHA512_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0d];
/// 1.2.840.10045.4.1
const ECDSA_WITH_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
/// 1.2.840.10045.4.3.3
const ECDSA_WITH_SHA384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
/// 1.2.840.10045.4.3.4
const ECDSA_WITH_SHA512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04];
/// 2.16.840.1.101.3.4.3.2
const DSA_WITH_SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_identifiers_are_those_that_their_comments_name() {
        for (content, text) in [
            (SHA1_WITH_RSA, "1.2.840.113549.1.1.5"),
            (RSASSA_PSS, "1.2.840.113549.1.1.10"),
            (oid::SHA256_WITH_RSA, "1.2.840.113549.1.1.11"),
            (SHA384_WITH_RSA, "1.2.840.113549.1.1.12"),
            (SHA512_WITH_RSA, "1.2.840.113549.1.1.13"),
            (ECDSA_WITH_SHA1, "1.2.840.10045.4.1"),
            (oid::ECDSA_WITH_SHA256, "1.2.840.10045.4.3.2"),
            (ECDSA_WITH_SHA384, "1.2.840.10045.4.3.3"),
            (ECDSA_WITH_SHA512, "1.2.840.10045.4.3.4"),
            (DSA_WITH_SHA256, "2.16.840.1.101.3.4.3.2"),
        ] {
            assert_eq!(oid::to_text(content), text);
        }
    }
}
