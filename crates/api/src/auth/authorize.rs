//! Whether a caller may do what it asks: IAM's decision over its policies.

use thingsmith_core::{Code, Fault, acting};
use thingsmith_policy::Verdict;

use super::{Caller, Permission, RequestFacts};
use crate::protocol::EdgeError;

/// Decides whether the caller may do `action` to every one of `resources`.
///
/// # Errors
/// [`EdgeError::AccessDenied`], in AWS's words, for the first resource to which it may not.
pub(crate) fn authorize(
    facts: &RequestFacts<'_>,
    action: &str,
    resources: &[String],
) -> Result<(), EdgeError> {
    if matches!(facts.caller.permission, Permission::All) {
        return Ok(());
    }
    // INVARIANT: an operation names at least one resource; none would be allowed without a decision.
    if resources.is_empty() {
        return Err(denied(facts.caller, action, "*", Verdict::ImplicitDeny));
    }
    for resource in resources {
        let verdict = facts.caller.verdict(facts, action, resource);
        if verdict != Verdict::Allowed {
            return Err(denied(facts.caller, action, resource, verdict));
        }
    }
    Ok(())
}

/// The refusal of an operation that decides itself.
pub(crate) fn refused(caller: &Caller, action: &str, resource: &str, verdict: Verdict) -> Fault {
    Fault::new(
        Code::AccessDenied,
        acting::refusal(&caller.arn, action, resource, verdict),
    )
}

fn denied(caller: &Caller, action: &str, resource: &str, verdict: Verdict) -> EdgeError {
    EdgeError::AccessDenied(acting::refusal(&caller.arn, action, resource, verdict))
}
