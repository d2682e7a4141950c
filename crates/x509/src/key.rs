//! Public keys: their kind, and whether they are good.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P384_SHA384_ASN1, ECDSA_P521_SHA512_ASN1, ParsedPublicKey,
    RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm,
};

use crate::der::{self, Reader};
use crate::{CertificateError, pem, weak_rsa};

/// A public key as a certificate or a request carries it (SubjectPublicKeyInfo).
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey {
    der: Vec<u8>,
    kind: KeyKind,
    key: Vec<u8>,
}

/// What kind of key it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// An RSA key for any padding (`rsaEncryption`), with the bits of its modulus.
    Rsa {
        /// Bits of the modulus.
        bits: usize,
    },
    /// An RSA key for PSS only (`id-RSASSA-PSS`). TLS 1.2 has no use for it.
    RsaPss {
        /// Bits of the modulus.
        bits: usize,
    },
    /// An elliptic-curve key on one of NIST's curves.
    Ec(Curve),
    /// Any other, by a name for people.
    Other(String),
}

/// NIST's curves that AWS IoT accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Curve {
    /// P-256, also called secp256r1 and prime256v1.
    P256,
    /// P-384, also called secp384r1.
    P384,
    /// P-521, also called secp521r1.
    P521,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa { bits } => write!(f, "RSA {bits}"),
            Self::RsaPss { bits } => write!(f, "RSA-PSS {bits}"),
            Self::Ec(Curve::P256) => f.write_str("EC P-256"),
            Self::Ec(Curve::P384) => f.write_str("EC P-384"),
            Self::Ec(Curve::P521) => f.write_str("EC P-521"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl PublicKey {
    /// Reads the DER of a SubjectPublicKeyInfo. Any kind of key is read; whether it is good is for the checks.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`].
    pub fn from_der(input: &[u8]) -> Result<Self, CertificateError> {
        Self::read(input).ok_or(CertificateError::Malformed("the public key"))
    }

    fn read(input: &[u8]) -> Option<Self> {
        let mut info = Reader::inside(input, der::SEQUENCE)?;
        let mut algorithm = Reader::new(info.expect(der::SEQUENCE)?.content);
        let bits = info.expect(der::BIT_STRING)?.content;
        let oid = algorithm.expect(der::OBJECT_IDENTIFIER)?.content;
        let parameters = algorithm.next();
        // Keys are whole bytes, so no bit at the end is unused.
        let (0, key) = bits.split_first()? else {
            return None;
        };
        if !info.is_empty() || !algorithm.is_empty() {
            return None;
        }
        let kind = match oid {
            RSA_ENCRYPTION => KeyKind::Rsa {
                bits: Rsa::read(key)?.bits(),
            },
            RSASSA_PSS => KeyKind::RsaPss {
                bits: Rsa::read(key)?.bits(),
            },
            EC_PUBLIC_KEY => match parameters.map(|parameters| (parameters.tag, parameters.content)) {
                Some((der::OBJECT_IDENTIFIER, P256)) => KeyKind::Ec(Curve::P256),
                Some((der::OBJECT_IDENTIFIER, P384)) => KeyKind::Ec(Curve::P384),
                Some((der::OBJECT_IDENTIFIER, P521)) => KeyKind::Ec(Curve::P521),
                // RFC 5480 2.1.1 forbids curves spelled out; a forged generator would make any key fit.
                _ => KeyKind::Other("EC on another curve".to_owned()),
            },
            [0x2b, 0x65, 0x70] => KeyKind::Other("Ed25519".to_owned()),
            [0x2b, 0x65, 0x71] => KeyKind::Other("Ed448".to_owned()),
            [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01] => KeyKind::Other("DSA".to_owned()),
            _ => KeyKind::Other("unknown".to_owned()),
        };
        Some(Self {
            der: input.to_vec(),
            kind,
            key: key.to_vec(),
        })
    }

    /// The kind of key.
    pub fn kind(&self) -> &KeyKind {
        &self.kind
    }

    /// The DER of the SubjectPublicKeyInfo.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The key as PEM, labelled `PUBLIC KEY`.
    pub fn to_pem(&self) -> String {
        pem::encode("PUBLIC KEY", &self.der)
    }

    /// The key's bits without the algorithm: a point, or an RSAPublicKey.
    pub(crate) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Checks that the key is of a kind that can connect and is whole: RSA of 2048 to 8192 bits with an odd modulus
    /// and an odd exponent of at least 3, or a point that lies on its curve.
    ///
    /// # Errors
    /// [`CertificateError::KeyKind`], [`CertificateError::KeySize`] or [`CertificateError::WeakKey`].
    pub fn check(&self) -> Result<(), CertificateError> {
        let algorithm: &'static dyn VerificationAlgorithm = match &self.kind {
            KeyKind::Rsa { .. } | KeyKind::RsaPss { .. } => {
                self.rsa()?.check()?;
                &RSA_PKCS1_2048_8192_SHA256
            }
            KeyKind::Ec(Curve::P256) => &ECDSA_P256_SHA256_ASN1,
            KeyKind::Ec(Curve::P384) => &ECDSA_P384_SHA384_ASN1,
            KeyKind::Ec(Curve::P521) => &ECDSA_P521_SHA512_ASN1,
            KeyKind::Other(name) => return Err(CertificateError::KeyKind(name.clone())),
        };
        // The library refuses a point outside the curve and the point at infinity.
        ParsedPublicKey::new(algorithm, &self.key)
            .map(drop)
            .map_err(|_| CertificateError::WeakKey("it cannot be used"))
    }

    /// Checks besides what makes a key unfit for a new certificate: an RSA key for PSS only, a small exponent, a modulus
    /// with small factors, or one made by the chips that CVE-2017-15361 (ROCA) is about.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn check_for_issuing(&self) -> Result<(), CertificateError> {
        self.check()?;
        match &self.kind {
            KeyKind::Rsa { .. } => self.rsa()?.check_for_issuing(),
            KeyKind::RsaPss { .. } => Err(CertificateError::KeyKind("RSA-PSS".to_owned())),
            KeyKind::Ec(_) | KeyKind::Other(_) => Ok(()),
        }
    }

    fn rsa(&self) -> Result<Rsa<'_>, CertificateError> {
        Rsa::read(&self.key).ok_or(CertificateError::Malformed("the public key"))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.kind)
    }
}

/// The identifier of a key for the extensions that name it: the first 160 bits of its SHA-256 (RFC 7093 section 2,
/// method 1), which needs no SHA-1.
pub fn key_id(key: &PublicKey) -> [u8; 20] {
    let mut id = [0; 20];
    id.copy_from_slice(&digest(&SHA256, &key.key).as_ref()[..20]);
    id
}

/// The numbers of an RSA key, big-endian without leading zeros.
struct Rsa<'a> {
    modulus: &'a [u8],
    exponent: &'a [u8],
}

impl<'a> Rsa<'a> {
    fn read(key: &'a [u8]) -> Option<Self> {
        let mut numbers = Reader::inside(key, der::SEQUENCE)?;
        let mut positive = || match numbers.expect(der::INTEGER)?.content {
            // X.690 8.3.2: a leading zero only to keep the number positive.
            [0, rest @ ..] if rest.first()? & 0x80 != 0 => Some(rest),
            number if number.first()? & 0x80 == 0 && *number.first()? != 0 => Some(number),
            _ => None,
        };
        let rsa = Self {
            modulus: positive()?,
            exponent: positive()?,
        };
        numbers.is_empty().then_some(rsa)
    }

    fn bits(&self) -> usize {
        let zeros = self.modulus.first().map_or(0, |byte| byte.leading_zeros());
        self.modulus.len() * 8 - zeros as usize
    }

    /// `None` is an exponent beyond what any library reads (33 bits).
    fn exponent(&self) -> Option<u64> {
        let number = self
            .exponent
            .iter()
            .take(8)
            .fold(0, |number, byte| number << 8 | u64::from(*byte));
        (self.exponent.len() <= 5 && number < 1 << 33).then_some(number)
    }

    fn check(&self) -> Result<(), CertificateError> {
        let bits = self.bits();
        if !(2048..=8192).contains(&bits) {
            return Err(CertificateError::KeySize { bits });
        }
        if self.modulus.last().is_none_or(|byte| byte & 1 == 0) {
            return Err(CertificateError::WeakKey("its modulus is even"));
        }
        match self.exponent() {
            Some(exponent) if exponent >= 3 && exponent & 1 == 1 => Ok(()),
            _ => Err(CertificateError::WeakKey(
                "its exponent is even, 1, or longer than 33 bits",
            )),
        }
    }

    fn check_for_issuing(&self) -> Result<(), CertificateError> {
        // NIST SP 800-56B 6.2 and every public certificate authority.
        if self.exponent().is_none_or(|exponent| exponent < 65_537) {
            return Err(CertificateError::WeakKey("its exponent is below 65537"));
        }
        if weak_rsa::has_small_factor(self.modulus) {
            return Err(CertificateError::WeakKey("its modulus has a small factor"));
        }
        if weak_rsa::has_roca_fingerprint(self.modulus) {
            return Err(CertificateError::WeakKey(
                "it was made by a chip with the flaw of CVE-2017-15361",
            ));
        }
        Ok(())
    }
}

const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSASSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
