//! Why a request is rejected: what the device is told, and what the operator is.
//!
//! AWS's guide has the form, `statusCode`, `errorCode` and `errorMessage`; of the codes it names few.

use thingsmith_model::CertificateId;

use super::Written;
use super::payload::{Format, PayloadError, Reply};
use crate::{Code, Fault};

/// A rejection.
#[derive(Debug)]
pub(super) struct Rejection {
    kind: Kind,
    /// For the device.
    message: String,
    /// For the operator, where that is more.
    detail: Option<String>,
    /// What lies behind a failure of ours.
    cause: Option<String>,
    /// How far it came.
    pub(super) step: Step,
    /// The certificate that was to be the device's own.
    pub(super) device: Option<CertificateId>,
}

/// The codes of rejections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Payload,
    Parameters,
    Token,
    Denied,
    Resource,
    NotFound,
    Conflict,
    Throttled,
    Internal,
    Unavailable,
}

/// The steps of provisioning a device by a claim, as decision records name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Reading the payload.
    Payload,
    /// How much may be asked for.
    Limits,
    /// Making a key, or issuing the certificate.
    Certificate,
    /// The ownership token.
    Token,
    /// Finding the template.
    Template,
    /// Asking whether the device may be provisioned.
    Admission,
    /// Giving the template's parameters their values.
    Parameters,
    /// Assuming the role.
    Role,
    /// Registering the template's resources.
    Resources,
}

impl Step {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Payload => "payload",
            Self::Limits => "limits",
            Self::Certificate => "certificate",
            Self::Token => "token",
            Self::Template => "template",
            Self::Admission => "admission",
            Self::Parameters => "parameters",
            Self::Role => "role",
            Self::Resources => "resources",
        }
    }
}

impl Kind {
    fn status(self) -> u16 {
        match self {
            Self::Payload | Self::Parameters | Self::Token | Self::Resource => 400,
            Self::Denied => 403,
            Self::NotFound => 404,
            Self::Conflict => 409,
            Self::Throttled => 429,
            Self::Internal => 500,
            Self::Unavailable => 503,
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Payload => "InvalidPayload",
            Self::Parameters => "InvalidParameters",
            Self::Token => "InvalidCertificateOwnershipToken",
            Self::Denied => "AccessDenied",
            Self::Resource => "ResourceRegistrationFailure",
            Self::NotFound => "ResourceNotFound",
            Self::Conflict => "ResourceConflict",
            Self::Throttled => "Throttled",
            Self::Internal => "InternalError",
            Self::Unavailable => "ServiceUnavailable",
        }
    }
}

impl Rejection {
    pub(super) fn new(step: Step, kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            detail: None,
            cause: None,
            step,
            device: None,
        }
    }

    /// A payload that cannot be read.
    pub(super) fn payload(wrong: &PayloadError) -> Self {
        Self::new(Step::Payload, Kind::Payload, crate::fault::sentence(wrong))
    }

    /// More than may be asked for.
    pub(super) fn throttled(message: &str) -> Self {
        Self::new(Step::Limits, Kind::Throttled, message)
    }

    /// A denial of which the device learns no more than that it is one.
    pub(super) fn denied(step: Step, detail: impl Into<String>) -> Self {
        Self {
            detail: Some(detail.into()),
            ..Self::new(step, Kind::Denied, "Provisioning of this device was denied.")
        }
    }

    /// What a deed answers.
    pub(super) fn from_fault(step: Step, fault: Fault) -> Self {
        let kind = match fault.code {
            Code::AccessDenied => return Self::denied(step, fault.message),
            Code::InvalidRequest
            | Code::MalformedPolicy
            | Code::CertificateValidation
            | Code::InvalidInput => Kind::Parameters,
            Code::InvalidOwnershipToken => Kind::Token,
            Code::Unauthorized | Code::Forbidden => Kind::Denied,
            Code::ResourceNotFound => Kind::NotFound,
            Code::ConflictingResourceUpdate
            | Code::CertificateState
            | Code::CertificateConflict
            | Code::ResourceAlreadyExists => Kind::Conflict,
            Code::ResourceRegistrationFailure | Code::LimitExceeded => Kind::Resource,
            Code::Throttling => Kind::Throttled,
            Code::ServiceUnavailable => Kind::Unavailable,
            _ => Kind::Internal,
        };
        let cause = fault.cause.map(|cause| cause.to_string());
        let message = match kind {
            Kind::Internal => "An internal failure occurred; try again.".to_owned(),
            _ => fault.message,
        };
        Self {
            cause,
            ..Self::new(step, kind, message)
        }
    }

    /// The same of a device that has a certificate already.
    #[must_use]
    pub(super) fn of(mut self, device: CertificateId) -> Self {
        self.device = Some(device);
        self
    }

    /// All that there is to say, for the operator.
    pub(super) fn reason(&self) -> String {
        let detail = self.detail.as_deref().unwrap_or(&self.message);
        format!("{} {}: {detail}", self.kind.status(), self.kind.code())
    }

    /// What lies behind a failure of ours.
    pub(super) fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// What the device is told.
    pub(super) fn write(&self, format: Format) -> Written {
        Reply::default()
            .number("statusCode", self.kind.status())
            .text("errorCode", self.kind.code())
            .text("errorMessage", &self.message)
            .write(format)
    }
}
