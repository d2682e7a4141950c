//! The error that leaves a deed: AWS's exception name and a message for people.
//!
//! An edge turns it into the bytes of its protocol, with the status that its service gives that exception. The cause
//! of an internal failure never leaves: the edge logs it once.

use std::error::Error;
use std::fmt;

use thingsmith_model::ModelError;
use thingsmith_ports::StoreError;

/// What a deed answers when it does not do what it was asked.
#[derive(Debug)]
pub struct Fault {
    /// AWS's name for what went wrong.
    pub code: Code,
    /// A sentence that names the member and the value.
    pub message: String,
    /// The rare further members of the exception, such as `resourceId` and `resourceArn`.
    pub details: Vec<(&'static str, String)>,
    /// What lies behind an internal failure. It is logged and never sent.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Fault {
    /// A fault without details.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            cause: None,
        }
    }

    /// The same fault with one more member.
    #[must_use]
    pub fn with(mut self, member: &'static str, value: impl fmt::Display) -> Self {
        self.details.push((member, value.to_string()));
        self
    }

    /// A failure of ours.
    pub fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            code: Code::InternalFailure,
            message: "An internal failure occurred; the request id finds it in the log.".into(),
            details: Vec::new(),
            cause: Some(cause.into()),
        }
    }

    /// A request that the deed cannot take as it is.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    /// Something that is not there.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceNotFound, message)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.exception(), self.message)
    }
}

impl Error for Fault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $code:ident => $exception:literal,)*) => {
        /// AWS's exceptions.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $code,)* }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// AWS's name of the exception, as it stands in `x-amzn-errortype`.
            pub const fn exception(self) -> &'static str {
                match self { $(Self::$code => $exception,)* }
            }
        }
    };
}

codes! {
    /// The caller may not do it; any service's front end says so.
    AccessDenied => "AccessDeniedException",
    /// More than one CA certificate could have signed it, or the certificate is registered in another way already.
    CertificateConflict => "CertificateConflictException",
    /// The certificate is not what its operation takes.
    CertificateValidation => "CertificateValidationException",
    /// The certificate's status does not allow it.
    CertificateState => "CertificateStateException",
    /// A resource is there that was to be made anew, or somebody else changes the same at this moment.
    ConflictingResourceUpdate => "ConflictingResourceUpdateException",
    /// Something still hangs on what is to be deleted.
    DeleteConflict => "DeleteConflictException",
    /// IAM: the name is taken.
    EntityAlreadyExists => "EntityAlreadyExistsException",
    /// The caller may not do it.
    Forbidden => "ForbiddenException",
    /// A client has not confirmed in time what it was sent.
    GatewayTimeout => "GatewayTimeoutException",
    /// The server failed.
    InternalFailure => "InternalFailureException",
    /// The body of a call is not JSON.
    InvalidRequestContent => "InvalidRequestContentException",
    /// Functions for this runtime, or of this kind, are not run here.
    InvalidRuntime => "InvalidRuntimeException",
    /// IAM: a member is wrong in a way that its constraints do not say.
    InvalidInput => "InvalidInputException",
    /// The ownership token of a certificate cannot be used. Devices are answered so over MQTT; no HTTP operation has it.
    InvalidOwnershipToken => "InvalidCertificateOwnershipToken",
    /// A member or a combination of members is wrong.
    InvalidRequest => "InvalidRequestException",
    /// A quota is used up.
    LimitExceeded => "LimitExceededException",
    /// A policy document is not a policy document.
    MalformedPolicy => "MalformedPolicyException",
    /// IAM: a policy document is not a policy document.
    MalformedPolicyDocument => "MalformedPolicyDocumentException",
    /// The method does not go with the path.
    MethodNotAllowed => "MethodNotAllowedException",
    /// IAM: there is no such user, role, key or policy.
    NoSuchEntity => "NoSuchEntityException",
    /// Logging was never configured.
    NotConfigured => "NotConfiguredException",
    /// A member asks for what Thingsmith does not do yet.
    NotImplemented => "NotImplementedException",
    /// STS: the policies of a session are too long.
    PackedPolicyTooLarge => "PackedPolicyTooLargeException",
    /// A function's policy would be too long.
    PolicyLengthExceeded => "PolicyLengthExceededException",
    /// The revision that the caller expected is not the one that is.
    PreconditionFailed => "PreconditionFailedException",
    /// The verification certificate does not carry the account's registration code.
    RegistrationCodeValidation => "RegistrationCodeValidationException",
    /// The body is too large.
    RequestEntityTooLarge => "RequestEntityTooLargeException",
    /// The body of a call is too large.
    RequestTooLarge => "RequestTooLargeException",
    /// The name is taken.
    ResourceAlreadyExists => "ResourceAlreadyExistsException",
    /// What a template asks for could not be registered.
    ResourceRegistrationFailure => "ResourceRegistrationFailureException",
    /// There is no such thing.
    ResourceNotFound => "ResourceNotFoundException",
    /// The store is not to be reached or is overloaded.
    ServiceUnavailable => "ServiceUnavailableException",
    /// A topic rule's statement is none.
    SqlParse => "SqlParseException",
    /// What is asked for is used up for now; it comes back.
    Throttling => "ThrottlingException",
    /// The transfer is over: accepted, rejected or cancelled.
    TransferAlreadyCompleted => "TransferAlreadyCompletedException",
    /// The certificate cannot be transferred while policies are attached to it.
    TransferConflict => "TransferConflictException",
    /// The caller may not do it.
    Unauthorized => "UnauthorizedException",
    /// The version that the caller expected is not the one that is.
    VersionConflict => "VersionConflictException",
    /// A policy or template has as many versions as it may have.
    VersionsLimitExceeded => "VersionsLimitExceededException",
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Retry(_) => Self {
                cause: Some(error.into()),
                ..Self::new(
                    Code::ServiceUnavailable,
                    "The store is too busy to answer; try again.",
                )
            },
            StoreError::Unknown(_) => Self {
                cause: Some(error.into()),
                ..Self::new(
                    Code::ServiceUnavailable,
                    "The store was lost while it committed: the change may or may not have happened; read it back.",
                )
            },
            StoreError::Duplicate(_) | StoreError::Guard(_) | StoreError::Other(_) => Self::internal(error),
        }
    }
}

impl From<ModelError> for Fault {
    fn from(error: ModelError) -> Self {
        match &error {
            ModelError::Length { .. } | ModelError::Character { .. } | ModelError::Form { .. } => {
                Self::invalid(sentence(&error))
            }
        }
    }
}

/// An error of a word crate as a sentence: those start lower case and end without a full stop.
pub(crate) fn sentence(error: &dyn Error) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => format!("{}{}.", first.to_uppercase(), characters.as_str()),
        None => text,
    }
}
