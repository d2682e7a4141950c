//! What a caller is told when it does not get what it asked for.

use thingsmith_aws_model::InputError;
use thingsmith_core::Fault;
use thingsmith_sigv4::SigV4Error;
use thiserror::Error;

/// Why a request is refused.
#[derive(Debug)]
pub enum Refusal {
    /// By a deed, with one of the operation's own exceptions.
    Fault(Fault),
    /// By this edge, before any operation was asked.
    Edge(EdgeError),
}

/// What this edge refuses itself. The texts are what the caller reads; AWS's where AWS's are known, hence the capitals.
#[derive(Debug, Error)]
pub enum EdgeError {
    /// The request carries no signature.
    #[error("Missing Authentication Token")]
    NoCredential,
    /// The key is not known.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The session has ended.
    #[error("The security token included in the request is expired")]
    ExpiredToken,
    /// The signature is not what it must be.
    #[error(transparent)]
    Signature(#[from] SigV4Error),
    /// The caller's policies do not allow it.
    #[error("{0}")]
    AccessDenied(String),
    /// A web page, or a name that is not this server's: refused in development mode, where keys prove nothing.
    #[error("{0}")]
    ForeignPage(&'static str),
    /// The request cannot be read.
    #[error("{0}")]
    Serialization(String),
    /// A member breaks a constraint of the model.
    #[error("{0}")]
    Validation(String),
    /// No operation is meant.
    #[error("{0}")]
    UnknownOperation(String),
    /// The service, operation or member is not written yet.
    #[error("{0}")]
    NotImplemented(String),
    /// The body has more bytes than this server reads.
    #[error("The request's body has more than {0} bytes.")]
    TooLarge(usize),
    /// The body did not come in time.
    #[error("The request's body did not arrive in time.")]
    TooSlow,
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<EdgeError> for Refusal {
    fn from(error: EdgeError) -> Self {
        Self::Edge(error)
    }
}

impl From<InputError> for EdgeError {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Serialization { .. } => Self::Serialization(error.to_string()),
            InputError::Constraints(violations) => Self::Validation(violations.to_string()),
        }
    }
}

impl EdgeError {
    /// The exception's name and its status for the JSON protocols (AWS's "Common Errors").
    pub(super) fn json(&self) -> (&'static str, u16) {
        match self {
            Self::NoCredential => ("MissingAuthenticationTokenException", 403),
            Self::UnknownKey => ("UnrecognizedClientException", 403),
            Self::ExpiredToken => ("ExpiredTokenException", 403),
            Self::Signature(error) => match Kind::of(error) {
                Kind::Missing => ("MissingAuthenticationTokenException", 403),
                Kind::Incomplete => ("IncompleteSignatureException", 400),
                Kind::Wrong => ("InvalidSignatureException", 403),
            },
            Self::AccessDenied(_) | Self::ForeignPage(_) => ("AccessDeniedException", 403),
            Self::Serialization(_) => ("SerializationException", 400),
            Self::Validation(_) => ("InvalidRequestException", 400),
            Self::UnknownOperation(_) => ("UnknownOperationException", 404),
            Self::NotImplemented(_) => ("NotImplementedException", 501),
            Self::TooLarge(_) => ("RequestEntityTooLargeException", 413),
            Self::TooSlow => ("RequestTimeoutException", 408),
        }
    }

    /// The code and its status for the query protocol.
    pub(super) fn query(&self) -> (&'static str, u16) {
        match self {
            Self::NoCredential => ("MissingAuthenticationToken", 403),
            Self::UnknownKey => ("InvalidClientTokenId", 403),
            Self::ExpiredToken => ("ExpiredToken", 403),
            Self::Signature(error) => match Kind::of(error) {
                Kind::Missing => ("MissingAuthenticationToken", 403),
                Kind::Incomplete => ("IncompleteSignature", 400),
                Kind::Wrong => ("SignatureDoesNotMatch", 403),
            },
            Self::AccessDenied(_) | Self::ForeignPage(_) => ("AccessDenied", 403),
            Self::Serialization(_) => ("MalformedInput", 400),
            Self::Validation(_) => ("ValidationError", 400),
            Self::UnknownOperation(_) => ("InvalidAction", 400),
            Self::NotImplemented(_) => ("NotImplemented", 501),
            Self::TooLarge(_) => ("RequestEntityTooLarge", 413),
            Self::TooSlow => ("RequestTimeout", 408),
        }
    }
}

/// The three kinds of wrong signatures that AWS tells apart.
enum Kind {
    Missing,
    Incomplete,
    Wrong,
}

impl Kind {
    fn of(error: &SigV4Error) -> Self {
        match error {
            SigV4Error::MissingAuthenticationToken => Self::Missing,
            SigV4Error::UnsupportedAlgorithm(_)
            | SigV4Error::Malformed(_)
            | SigV4Error::MissingParameter(_)
            | SigV4Error::Repeated(_)
            | SigV4Error::TwoMechanisms
            | SigV4Error::Credential(_)
            | SigV4Error::Signature
            | SigV4Error::SignedHeaders(_)
            | SigV4Error::MissingDate
            | SigV4Error::Date(_)
            | SigV4Error::Expires { .. } => Self::Incomplete,
            SigV4Error::Terminator(_)
            | SigV4Error::Region(_)
            | SigV4Error::Service { .. }
            | SigV4Error::HostNotSigned
            | SigV4Error::HeaderNotSigned(_)
            | SigV4Error::SignedHeaderAbsent(_)
            | SigV4Error::ScopeDate { .. }
            | SigV4Error::Expired { .. }
            | SigV4Error::NotYetCurrent { .. }
            | SigV4Error::ContentHash
            | SigV4Error::UnsignedPayload
            | SigV4Error::Mismatch => Self::Wrong,
        }
    }
}
