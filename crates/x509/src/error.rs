//! What is wrong with a certificate, a request, or what is about to be signed.

use thiserror::Error;

/// Why a certificate or a signing request was refused. The messages may be shown to whoever sent it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CertificateError {
    /// There is no PEM block of the kind asked for.
    #[error("there is no PEM block labelled {0}")]
    NoPemBlock(&'static str),
    /// The PEM block's content is not base64.
    #[error("the PEM block is not valid base64")]
    Base64,
    /// The input is longer than anything legitimate.
    #[error("the input has {length} bytes, at most {limit} are read")]
    TooLong {
        /// Bytes given.
        length: usize,
        /// Bytes read at most.
        limit: usize,
    },
    /// The bytes are not what they should be.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// A name has more attributes than anything legitimate, or one that cannot be read.
    #[error("the subject is not acceptable: {0}")]
    Subject(&'static str),
    /// An extension stands there twice (RFC 5280 4.2 forbids it).
    #[error("an extension is repeated")]
    RepeatedExtension,
    /// The signed and the unsigned copy of the signature algorithm differ.
    #[error("the two signature algorithms of the certificate differ")]
    AlgorithmsDiffer,
    /// The signature algorithm is not accepted.
    #[error("signature algorithm {0} is not supported")]
    SignatureAlgorithm(String),
    /// The kind of key is not accepted.
    #[error("a public key of the kind {0} is not supported")]
    KeyKind(String),
    /// An RSA key is too short or too long.
    #[error("an RSA key must have 2048 to 8192 bits, this has {bits}")]
    KeySize {
        /// Bits of the modulus.
        bits: usize,
    },
    /// A key is of an accepted kind and unusable or known to be weak.
    #[error("the public key is not acceptable: {0}")]
    WeakKey(&'static str),
    /// The certificate is not one of a certificate authority.
    #[error("it is not the certificate of a certificate authority: {0}")]
    Authority(&'static str),
    /// The issuer named is not the subject of the certificate at hand.
    #[error("the certificate names another issuer")]
    Issuer,
    /// The signature is not by the key at hand, or not over these bytes.
    #[error("the signature does not verify")]
    Signature,
    /// A time is outside the years that a certificate can state, or the last one is before the first.
    #[error("the validity cannot be stated in a certificate")]
    Validity,
    /// What is about to be signed is not what was to be signed.
    #[error("the certificate to be signed fails its check: {0}")]
    Lint(&'static str),
}
