//! What a caller is told when it does not get what it asked for.

use thingsmith_aws_model::InputError;
use thingsmith_core::Fault;
use thingsmith_core::callers::ClaimError;
use thingsmith_sigv4::{ErrorKind, SigV4Error};
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

impl From<ClaimError> for Refusal {
    fn from(error: ClaimError) -> Self {
        match error {
            ClaimError::UnknownKey => EdgeError::UnknownKey.into(),
            ClaimError::ExpiredToken => EdgeError::ExpiredToken.into(),
            ClaimError::Signature(error) => EdgeError::Signature(error).into(),
            ClaimError::Failed(fault) => fault.into(),
        }
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
            Self::Signature(error) => match error.kind() {
                ErrorKind::Missing => ("MissingAuthenticationTokenException", 403),
                ErrorKind::Incomplete => ("IncompleteSignatureException", 400),
                ErrorKind::Wrong => ("InvalidSignatureException", 403),
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
            Self::Signature(error) => match error.kind() {
                ErrorKind::Missing => ("MissingAuthenticationToken", 403),
                ErrorKind::Incomplete => ("IncompleteSignature", 400),
                ErrorKind::Wrong => ("SignatureDoesNotMatch", 403),
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
