//! What is wrong with a signature.

use thiserror::Error;

/// Why a request's signature was refused.
///
/// Clients match on AWS's texts and people search for them, so the messages are AWS's where AWS's are known:
/// hence the capitals and full stops. None of them tells anything about the secret or the expected signature.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SigV4Error {
    /// The request carries no signature at all.
    #[error("Missing Authentication Token")]
    MissingAuthenticationToken,
    /// The request carries an `Authorization` header or an `X-Amz-Algorithm` of another scheme.
    #[error("Unsupported AWS 'algorithm': '{0}'.")]
    UnsupportedAlgorithm(String),
    /// The `Authorization` header is not UTF-8, too long, or has a part that is not `Name=value`.
    #[error("'{0}' not a valid key=value pair (missing equal-sign) in Authorization header.")]
    Malformed(String),
    /// A part of the signature is absent.
    #[error("Authorization requires '{0}' parameter.")]
    MissingParameter(&'static str),
    /// A part of the signature, or the header it needs, stands there more than once.
    #[error("'{0}' must be given only once.")]
    Repeated(&'static str),
    /// The request is signed in its header and in its query.
    #[error(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization header."
    )]
    TwoMechanisms,
    /// The credential has not the form `KEY/DATE/REGION/SERVICE/aws4_request`.
    #[error(
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '{0}'"
    )]
    Credential(String),
    /// The credential does not end in `aws4_request`.
    #[error("Credential should be scoped with a valid terminator: 'aws4_request', not '{0}'.")]
    Terminator(String),
    /// The credential is for another region.
    #[error("Credential should be scoped to a valid region, not '{0}'.")]
    Region(String),
    /// The credential is for another service.
    #[error("Credential should be scoped to correct service: '{expected}'.")]
    Service {
        /// The service asked.
        expected: String,
    },
    /// The signature is not 64 hexadecimal digits.
    #[error("The signature must be 64 hexadecimal digits.")]
    Signature,
    /// The list of signed headers is empty, too long, repeats a name or holds what is not a lower-case name.
    #[error("'{0}' is not a valid list of SignedHeaders.")]
    SignedHeaders(String),
    /// The host is not among the signed headers.
    #[error("'Host' must be a 'SignedHeader' in the AWS Authorization.")]
    HostNotSigned,
    /// A header that changes what the request means is present and not signed.
    #[error("'{0}' must be a 'SignedHeader' in the AWS Authorization.")]
    HeaderNotSigned(&'static str),
    /// A header is listed as signed and absent from the request.
    #[error("The signed header '{0}' is not in the request.")]
    SignedHeaderAbsent(String),
    /// Neither `X-Amz-Date` nor `Date` says when the request was signed.
    #[error("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")]
    MissingDate,
    /// The date cannot be read.
    #[error("Date must be in ISO-8601 'basic format'. Got '{0}'.")]
    Date(String),
    /// The day in the credential is not the day of the request.
    #[error(
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{scope}' != '{day}', from '{time}'."
    )]
    ScopeDate {
        /// The day in the credential.
        scope: String,
        /// The day of the request.
        day: String,
        /// The time of the request.
        time: String,
    },
    /// The life of a presigned request is not a number of seconds up to the longest.
    #[error("X-Amz-Expires must be a number of seconds from 0 to {longest}, not '{given}'.")]
    Expires {
        /// What was given.
        given: String,
        /// The longest life in seconds.
        longest: u64,
    },
    /// The request was signed too long ago.
    #[error("Signature expired: {signed} is now earlier than {limit} ({now} - {allowance})")]
    Expired {
        /// When the request was signed.
        signed: String,
        /// The earliest time still accepted.
        limit: String,
        /// The verifier's time.
        now: String,
        /// The age still accepted, such as `15 min.`.
        allowance: String,
    },
    /// The request was signed in the future.
    #[error("Signature not yet current: {signed} is still later than {limit} ({now} + {allowance})")]
    NotYetCurrent {
        /// When the request was signed.
        signed: String,
        /// The latest time accepted.
        limit: String,
        /// The verifier's time.
        now: String,
        /// The difference accepted, such as `15 min.`.
        allowance: String,
    },
    /// `x-amz-content-sha256` is not the SHA-256 of the body.
    #[error("The provided 'x-amz-content-sha256' header does not match what was computed.")]
    ContentHash,
    /// The body is not signed where it must be.
    #[error("The payload must be signed.")]
    UnsignedPayload,
    /// The signature is another one than this key makes of this request.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
    )]
    Mismatch,
}

/// The beginning of a stranger's text, short enough for a reply and a log.
pub(crate) fn excerpt(text: &str) -> String {
    text.chars().take(128).collect()
}

/// The three kinds of wrong signatures that AWS tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// There is none.
    Missing,
    /// It lacks something, or cannot be read.
    Incomplete,
    /// It is not that of this request, for this place, now.
    Wrong,
}

impl SigV4Error {
    /// Which of the three kinds it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::MissingAuthenticationToken => ErrorKind::Missing,
            Self::UnsupportedAlgorithm(_)
            | Self::Malformed(_)
            | Self::MissingParameter(_)
            | Self::Repeated(_)
            | Self::TwoMechanisms
            | Self::Credential(_)
            | Self::Signature
            | Self::SignedHeaders(_)
            | Self::MissingDate
            | Self::Date(_)
            | Self::Expires { .. } => ErrorKind::Incomplete,
            Self::Terminator(_)
            | Self::Region(_)
            | Self::Service { .. }
            | Self::HostNotSigned
            | Self::HeaderNotSigned(_)
            | Self::SignedHeaderAbsent(_)
            | Self::ScopeDate { .. }
            | Self::Expired { .. }
            | Self::NotYetCurrent { .. }
            | Self::ContentHash
            | Self::UnsignedPayload
            | Self::Mismatch => ErrorKind::Wrong,
        }
    }
}
