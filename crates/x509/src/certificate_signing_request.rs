//! Certificate signing requests (PKCS #10, RFC 2986).

use std::fmt;

use crate::der::{self, Reader};
use crate::{CertificateError, Name, PublicKey, SignatureAlgorithm, pem};

/// A request whose sender has proved to hold its key. Only its subject and its key are read: what it asks for
/// besides (extensions, attributes) has no say in what is issued.
#[derive(Clone, PartialEq, Eq)]
pub struct CertificateSigningRequest {
    subject: Name,
    public_key: PublicKey,
}

impl CertificateSigningRequest {
    /// The longest request that is read, as long as AWS's `certificateSigningRequest` may be.
    pub const MAXIMUM_LENGTH: usize = 4096;

    /// Reads the first request in a PEM text.
    ///
    /// # Errors
    /// As [`Self::from_der`], and what the text is not.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        // RFC 7468 7: the second label is of old Microsoft and Java tools.
        let labels = ["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
        Self::from_der(&pem::decode(text, &labels, Self::MAXIMUM_LENGTH)?)
    }

    /// Reads the DER of a request, verifies that it is signed with its own key, and checks that the key is fit for
    /// a new certificate ([`PublicKey::check_for_issuing`]).
    ///
    /// # Errors
    /// [`CertificateError`] says what the request lacks.
    pub fn from_der(input: &[u8]) -> Result<Self, CertificateError> {
        if input.len() > Self::MAXIMUM_LENGTH {
            return Err(CertificateError::TooLong {
                length: input.len(),
                limit: Self::MAXIMUM_LENGTH,
            });
        }
        let malformed = CertificateError::Malformed("the certificate signing request");
        let parts = Parts::read(input).ok_or_else(|| malformed.clone())?;
        let algorithm = SignatureAlgorithm::from_der(parts.algorithm).ok_or(malformed)?;
        let subject = Name::from_request(parts.subject)?;
        let public_key = PublicKey::from_der(parts.public_key)?;
        public_key.check_for_issuing()?;
        algorithm.verify(&public_key, parts.signed, parts.signature)?;
        Ok(Self { subject, public_key })
    }

    /// The subject asked for.
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The subject of the certificate to issue: the one asked for, with AWS's `CN=AWS IoT Certificate` in front if it
    /// has no common name.
    pub fn subject_to_issue(&self) -> Name {
        self.subject.or_common_name("AWS IoT Certificate")
    }

    /// The key to certify.
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }
}

impl fmt::Debug for CertificateSigningRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "CertificateSigningRequest({}, {})",
            self.subject,
            self.public_key.kind()
        )
    }
}

struct Parts<'a> {
    signed: &'a [u8],
    subject: &'a [u8],
    public_key: &'a [u8],
    algorithm: &'a [u8],
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(input: &'a [u8]) -> Option<Self> {
        let mut request = Reader::inside(input, der::SEQUENCE)?;
        let signed = request.expect(der::SEQUENCE)?;
        let algorithm = request.expect(der::SEQUENCE)?.whole;
        let (0, signature) = request.expect(der::BIT_STRING)?.content.split_first()? else {
            return None;
        };
        let mut fields = Reader::new(signed.content);
        let version = fields.expect(der::INTEGER)?.content;
        let subject = fields.expect(der::SEQUENCE)?.whole;
        let public_key = fields.expect(der::SEQUENCE)?.whole;
        // The attributes are not optional, but some small libraries leave them out when there are none.
        fields.optional(der::constructed(0));
        (request.is_empty() && fields.is_empty() && version == [0]).then_some(Self {
            signed: signed.whole,
            subject,
            public_key,
            algorithm,
            signature,
        })
    }
}
