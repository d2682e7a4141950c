//! What a fault of one of a template's resources is to whoever asked for the registration.

use crate::tries::Attempt;
use crate::{Code, Fault};

/// A fault of the resource of this logical name, with a code that every way in has and a message that begins with the
/// resource's place in the template.
pub(super) fn blame(logical_name: &str, fault: Fault) -> Fault {
    let code = match fault.code {
        // Whose permission was missing, and what failed on our side, is no matter of a place in the template.
        Code::AccessDenied | Code::InternalFailure | Code::ServiceUnavailable | Code::Throttling => {
            return fault;
        }
        Code::InvalidRequest | Code::MalformedPolicy => Code::InvalidRequest,
        Code::ConflictingResourceUpdate => Code::ConflictingResourceUpdate,
        _ => Code::ResourceRegistrationFailure,
    };
    Fault {
        cause: fault.cause,
        ..Fault::new(code, format!("Resources.{logical_name}: {}", fault.message))
    }
}

/// As [`blame`], for what a try ends with.
pub(super) fn blame_attempt(logical_name: &str, attempt: Attempt) -> Attempt {
    match attempt {
        Attempt::Fault(fault) => Attempt::Fault(blame(logical_name, fault)),
        again @ Attempt::Again(_) => again,
    }
}

/// The refusal of a resource that is there although its `OverrideSettings` say `FAIL`.
pub(super) fn conflict(message: String) -> Fault {
    Fault::new(Code::ConflictingResourceUpdate, message)
}
