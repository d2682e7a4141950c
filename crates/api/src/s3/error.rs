//! What S3 answers when it does not do what it was asked (S3 API reference, "Error responses").

use thingsmith_core::{Code, Fault};
use thingsmith_ports::{ObjectError, StoreError};
use thingsmith_sigv4::SigV4Error;

use crate::protocol::{EdgeError, Refusal};

/// A refusal.
#[derive(Debug, Clone)]
pub(crate) struct S3Error {
    pub(crate) code: &'static str,
    pub(crate) status: u16,
    pub(crate) message: String,
}

impl S3Error {
    pub(crate) fn new(code: &'static str, status: u16, message: impl Into<String>) -> Self {
        Self {
            code,
            status,
            message: message.into(),
        }
    }

    /// Something about a parameter, header or body that cannot be taken.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidRequest", 400, message)
    }

    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new("InvalidArgument", 400, message)
    }

    pub(crate) fn malformed() -> Self {
        Self::new(
            "MalformedXML",
            400,
            "The XML you provided was not well-formed or did not validate against our published schema",
        )
    }

    pub(crate) fn not_implemented(what: &str) -> Self {
        let what: String = what.chars().take(128).collect();
        Self::new(
            "NotImplemented",
            501,
            format!("A header or query parameter you provided asks for what is not implemented: {what}."),
        )
    }

    pub(crate) fn no_such_bucket() -> Self {
        Self::new("NoSuchBucket", 404, "The specified bucket does not exist")
    }

    pub(crate) fn precondition_failed() -> Self {
        Self::new(
            "PreconditionFailed",
            412,
            "At least one of the pre-conditions you specified did not hold",
        )
    }

    pub(crate) fn replaced() -> Self {
        Self::new(
            "SlowDown",
            503,
            "The object is replaced more often than it can be read. Please try again.",
        )
    }

    pub(crate) fn no_such_upload() -> Self {
        Self::new(
            "NoSuchUpload",
            404,
            "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or \
             completed.",
        )
    }

    pub(crate) fn too_large() -> Self {
        Self::new(
            "EntityTooLarge",
            400,
            "Your proposed upload exceeds the maximum allowed size",
        )
    }

    pub(crate) fn incomplete() -> Self {
        Self::new(
            "IncompleteBody",
            400,
            "You did not provide the number of bytes specified by the Content-Length HTTP header",
        )
    }
}

impl From<ObjectError> for S3Error {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::NoSuchBucket => Self::no_such_bucket(),
            ObjectError::NoSuchKey => Self::new("NoSuchKey", 404, "The specified key does not exist."),
            ObjectError::BucketTaken => Self::new(
                "BucketAlreadyExists",
                409,
                "The requested bucket name is not available. The bucket namespace is shared by all users of the system. \
                 Select a different name and try again.",
            ),
            ObjectError::TooManyBuckets => Self::new(
                "TooManyBuckets",
                400,
                "You have attempted to create more buckets than allowed",
            ),
            ObjectError::BucketNotEmpty => Self::new(
                "BucketNotEmpty",
                409,
                "The bucket you tried to delete is not empty",
            ),
            ObjectError::ConditionFailed => Self::precondition_failed(),
            ObjectError::Refused(reason) => {
                Self::new("AccessDenied", 403, format!("Access Denied: {reason}."))
            }
            ObjectError::TooLarge => Self::too_large(),
            ObjectError::BadBytes(message) => Self::invalid(message),
            ObjectError::Unavailable(_) => Self::new(
                "ServiceUnavailable",
                503,
                "Objects cannot be kept or read at the moment. Please try again.",
            ),
        }
    }
}

impl From<StoreError> for S3Error {
    fn from(error: StoreError) -> Self {
        Fault::from(error).into()
    }
}

impl From<Fault> for S3Error {
    fn from(fault: Fault) -> Self {
        if let Some(cause) = &fault.cause {
            tracing::error!(
                cause = &**cause as &dyn std::error::Error,
                "a request to S3 failed"
            );
        }
        match fault.code {
            Code::AccessDenied => Self::new("AccessDenied", 403, fault.message),
            Code::ServiceUnavailable => Self::new("ServiceUnavailable", 503, fault.message),
            Code::InternalFailure => Self::new("InternalError", 500, fault.message),
            _ => Self::invalid(fault.message),
        }
    }
}

impl From<Refusal> for S3Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Fault(fault) => fault.into(),
            Refusal::Edge(error) => error.into(),
        }
    }
}

impl From<EdgeError> for S3Error {
    fn from(error: EdgeError) -> Self {
        let message = error.to_string();
        match error {
            EdgeError::UnknownKey => Self::new(
                "InvalidAccessKeyId",
                403,
                "The AWS Access Key Id you provided does not exist in our records.",
            ),
            EdgeError::ExpiredToken => Self::new("ExpiredToken", 400, "The provided token has expired."),
            EdgeError::Signature(error) => error.into(),
            EdgeError::NoCredential | EdgeError::AccessDenied(_) | EdgeError::ForeignPage(_) => {
                Self::new("AccessDenied", 403, message)
            }
            EdgeError::NotImplemented(_) => Self::new("NotImplemented", 501, message),
            EdgeError::TooLarge(_) => Self::new("EntityTooLarge", 400, message),
            EdgeError::TooSlow => Self::new(
                "RequestTimeout",
                400,
                "Your socket connection to the server was not read from or written to within the timeout period.",
            ),
            EdgeError::Serialization(_) | EdgeError::Validation(_) | EdgeError::UnknownOperation(_) => {
                Self::invalid(message)
            }
        }
    }
}

impl From<SigV4Error> for S3Error {
    fn from(error: SigV4Error) -> Self {
        let message = error.to_string();
        let (code, status) = match error {
            SigV4Error::Mismatch => ("SignatureDoesNotMatch", 403),
            SigV4Error::Expired { ref allowance, .. } if allowance != "15 min." => {
                return Self::new("AccessDenied", 403, "Request has expired");
            }
            SigV4Error::Expired { .. } | SigV4Error::NotYetCurrent { .. } => ("RequestTimeTooSkewed", 403),
            SigV4Error::ContentHash => ("XAmzContentSHA256Mismatch", 400),
            SigV4Error::MissingAuthenticationToken => ("AccessDenied", 403),
            SigV4Error::MissingParameter("X-Amz-Content-Sha256") => {
                return Self::invalid("Missing required header for this request: x-amz-content-sha256");
            }
            SigV4Error::HostNotSigned
            | SigV4Error::HeaderNotSigned(_)
            | SigV4Error::SignedHeaderAbsent(_) => ("AccessDenied", 403),
            _ => ("AuthorizationHeaderMalformed", 400),
        };
        Self::new(code, status, message)
    }
}
