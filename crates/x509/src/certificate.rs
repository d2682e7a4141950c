//! Certificates, and who signed them.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use thingsmith_model::{CertificateId, Timestamp};
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;

use crate::der::{self, Reader};
use crate::extensions::Extensions;
use crate::{
    AlternativeName, BasicConstraints, CertificateError, KeyUsage, Name, PublicKey, SignatureAlgorithm,
    key_id, pem,
};

/// A certificate that has been read. Reading it says nothing about whether it is trusted, or even good.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    to_be_signed: Vec<u8>,
    id: CertificateId,
    version: u32,
    serial_number: Vec<u8>,
    subject: Name,
    issuer: Name,
    not_before: Timestamp,
    not_after: Timestamp,
    public_key: PublicKey,
    signature_algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    extensions: Extensions,
}

impl Certificate {
    /// The longest PEM text that is read, as long as AWS's `certificatePem` may be. DER may be as long.
    pub const MAXIMUM_LENGTH: usize = 65_536;

    /// Reads the first certificate in a PEM text.
    ///
    /// # Errors
    /// [`CertificateError`] says what the text is not.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        Self::from_der(&pem::decode(text, &["CERTIFICATE"], Self::MAXIMUM_LENGTH)?)
    }

    /// Reads the DER of a certificate, and nothing after it.
    ///
    /// # Errors
    /// [`CertificateError`] says what the bytes are not.
    pub fn from_der(input: &[u8]) -> Result<Self, CertificateError> {
        if input.len() > Self::MAXIMUM_LENGTH {
            return Err(CertificateError::TooLong {
                length: input.len(),
                limit: Self::MAXIMUM_LENGTH,
            });
        }
        let malformed = || CertificateError::Malformed("the certificate");
        let parts = Parts::read(input).ok_or_else(malformed)?;
        let (_, parsed) = X509Certificate::from_der(input).map_err(|_| malformed())?;
        // The library passes over extensions that it cannot separate; then the two readings differ in number.
        if parts.algorithm != parts.signed_algorithm {
            return Err(CertificateError::AlgorithmsDiffer);
        }
        if parsed.extensions().len() != parts.extensions {
            return Err(CertificateError::Malformed("the list of extensions"));
        }
        let id = digest(&SHA256, input)
            .as_ref()
            .try_into()
            .expect("SHA-256 has 32 bytes");
        let validity = parsed.validity();
        Ok(Self {
            der: input.to_vec(),
            to_be_signed: parts.to_be_signed.to_vec(),
            id: CertificateId::from_sha256(id),
            version: parsed.version().0.saturating_add(1),
            serial_number: parts.serial_number.to_vec(),
            subject: Name::from_der(parts.subject).ok_or(CertificateError::Malformed("the subject"))?,
            issuer: Name::from_der(parts.issuer).ok_or(CertificateError::Malformed("the issuer"))?,
            not_before: Timestamp::from_seconds(validity.not_before.timestamp()),
            not_after: Timestamp::from_seconds(validity.not_after.timestamp()),
            public_key: PublicKey::from_der(parts.public_key)?,
            signature_algorithm: SignatureAlgorithm::from_der(parts.algorithm).ok_or_else(malformed)?,
            signature: parts.signature.to_vec(),
            extensions: Extensions::read(parsed.extensions())?,
        })
    }

    /// The certificate as PEM: lines of 64 characters and a line feed at the end.
    pub fn to_pem(&self) -> String {
        pem::encode("CERTIFICATE", &self.der)
    }

    /// The certificate's DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of the DER, which AWS uses as the certificate's id.
    pub fn id(&self) -> CertificateId {
        self.id
    }

    /// 1, 2 or 3.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The serial number in lower-case hexadecimal, two digits a byte, without the zero byte that keeps it positive.
    pub fn serial_number(&self) -> String {
        let bytes = match self.serial_number.as_slice() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            bytes => bytes,
        };
        let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
        digits
            .filter_map(|digit| char::from_digit(u32::from(digit), 16))
            .collect()
    }

    /// The serial number in decimal, as a positive number of at most 20 bytes (RFC 5280 4.1.2.2) is written; a longer one is
    /// cut to its last 20 bytes.
    pub fn serial_number_decimal(&self) -> String {
        const MOST_BYTES: usize = 20;
        let bytes = &self.serial_number[self.serial_number.len().saturating_sub(MOST_BYTES)..];
        // Digits from the last one on.
        let mut digits = vec![0_u8];
        for byte in bytes {
            let mut carry = u32::from(*byte);
            for digit in &mut digits {
                carry += u32::from(*digit) * 256;
                *digit = u8::try_from(carry % 10).unwrap_or_default();
                carry /= 10;
            }
            while carry > 0 {
                digits.push(u8::try_from(carry % 10).unwrap_or_default());
                carry /= 10;
            }
        }
        digits
            .iter()
            .rev()
            .map(|digit| char::from(b'0' + digit))
            .collect()
    }

    /// Who is certified.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// Who says so.
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// Other names of the subject, the first 64 of the kinds that policies read.
    pub fn subject_alternative_names(&self) -> &[AlternativeName] {
        &self.extensions.subject_alternative_names
    }

    /// Other names of the issuer, the first 64 of the kinds that policies read.
    pub fn issuer_alternative_names(&self) -> &[AlternativeName] {
        &self.extensions.issuer_alternative_names
    }

    /// The first second of validity.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The last second of validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// The key certified.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// How the issuer signed.
    pub fn signature_algorithm(&self) -> &SignatureAlgorithm {
        &self.signature_algorithm
    }

    /// What basicConstraints says, if it is there.
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.extensions.basic_constraints
    }

    /// Whether basicConstraints is there and says that the subject is a certificate authority.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints().is_some_and(|constraints| constraints.ca)
    }

    /// What keyUsage says, if it is there.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.extensions.key_usage
    }

    /// The identifier of the key certified, if the certificate states one.
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.extensions.subject_key_id.as_deref()
    }

    /// The identifier of the issuer's key, if the certificate states one.
    pub fn authority_key_id(&self) -> Option<&[u8]> {
        self.extensions.authority_key_id.as_deref()
    }

    /// What a certificate that this one signs says as its authority's key identifier: this one's own statement,
    /// or else the one computed.
    pub fn key_id_for_issuing(&self) -> Vec<u8> {
        self.subject_key_id()
            .map_or_else(|| key_id(&self.public_key).to_vec(), <[u8]>::to_vec)
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({}, {})", self.id, self.subject)
    }
}

/// Checks that a client certificate is signed in a way, and has a key of a kind, that AWS IoT accepts (guide, "X.509
/// client certificates"). Times, extended key usage and basic constraints are no matter here.
///
/// # Errors
/// [`CertificateError::SignatureAlgorithm`], [`CertificateError::KeyKind`], [`CertificateError::KeySize`] or
/// [`CertificateError::WeakKey`].
pub fn check_client_certificate(certificate: &Certificate) -> Result<(), CertificateError> {
    certificate.signature_algorithm.check()?;
    certificate.public_key.check()
}

/// Verifies that `issuer` is whom the certificate names, byte for byte, and that its key signed it. Whether the issuer
/// may sign certificates ([`Certificate::is_ca`], [`Certificate::key_usage`]) is for the caller.
///
/// # Errors
/// [`CertificateError::Issuer`], [`CertificateError::SignatureAlgorithm`], [`CertificateError::KeyKind`] or
/// [`CertificateError::Signature`].
pub fn verify_signed_by(certificate: &Certificate, issuer: &Certificate) -> Result<(), CertificateError> {
    if certificate.issuer.der() != issuer.subject.der() {
        return Err(CertificateError::Issuer);
    }
    certificate.signature_algorithm.verify(
        &issuer.public_key,
        &certificate.to_be_signed,
        &certificate.signature,
    )
}

/// The pieces of a certificate whose exact bytes matter.
struct Parts<'a> {
    to_be_signed: &'a [u8],
    serial_number: &'a [u8],
    signed_algorithm: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    public_key: &'a [u8],
    extensions: usize,
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(input: &'a [u8]) -> Option<Self> {
        let mut certificate = Reader::inside(input, der::SEQUENCE)?;
        let to_be_signed = certificate.expect(der::SEQUENCE)?;
        let algorithm = certificate.expect(der::SEQUENCE)?.whole;
        let (0, signature) = certificate.expect(der::BIT_STRING)?.content.split_first()? else {
            return None;
        };
        let mut fields = Reader::new(to_be_signed.content);
        fields.optional(der::constructed(0)); // version
        let serial_number = fields.expect(der::INTEGER)?.content;
        let signed_algorithm = fields.expect(der::SEQUENCE)?.whole;
        let issuer = fields.expect(der::SEQUENCE)?.whole;
        let mut validity = Reader::new(fields.expect(der::SEQUENCE)?.content);
        for _ in 0..2 {
            let time = validity.next()?;
            matches!(time.tag, der::UTC_TIME | der::GENERALIZED_TIME).then_some(())?;
        }
        validity.is_empty().then_some(())?;
        let subject = fields.expect(der::SEQUENCE)?.whole;
        let public_key = fields.expect(der::SEQUENCE)?.whole;
        fields.optional(der::primitive(1)); // the identifiers that version 2 brought
        fields.optional(der::primitive(2));
        let mut extensions = 0;
        if let Some(list) = fields.optional(der::constructed(3)) {
            let mut list = Reader::inside(list.content, der::SEQUENCE)?;
            while !list.is_empty() {
                let mut extension = Reader::new(list.expect(der::SEQUENCE)?.content);
                extension.expect(der::OBJECT_IDENTIFIER)?;
                extension.optional(der::BOOLEAN);
                extension.expect(der::OCTET_STRING)?;
                extension.is_empty().then_some(())?;
                extensions += 1;
            }
        }
        (certificate.is_empty() && fields.is_empty()).then_some(Self {
            to_be_signed: to_be_signed.whole,
            serial_number,
            signed_algorithm,
            issuer,
            subject,
            public_key,
            extensions,
            algorithm,
            signature,
        })
    }
}

#[cfg(test)]
mod tests;
