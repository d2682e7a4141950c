//! Whether a caller may do what it asks: IAM's decision over its policies.

use std::borrow::Cow;
use std::net::IpAddr;

use thingsmith_model::Timestamp;
use thingsmith_policy::{Key, Request, Values, Variables, Verdict, evaluate};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{Caller, Permission};
use crate::protocol::EdgeError;

/// What policies can ask about a request (IAM guide, "AWS global condition context keys").
pub(crate) struct RequestFacts<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) region: &'a str,
    pub(crate) source: IpAddr,
    pub(crate) secure: bool,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// Decides whether the caller may do `action` to every one of `resources`.
///
/// # Errors
/// [`EdgeError::AccessDenied`], in AWS's words, for the first resource to which it may not.
pub(crate) fn authorize(
    facts: &RequestFacts<'_>,
    action: &str,
    resources: &[String],
) -> Result<(), EdgeError> {
    let documents = match &facts.caller.permission {
        Permission::All => return Ok(()),
        Permission::Policies(documents) => documents,
    };
    // INVARIANT: an operation names at least one resource; none would be allowed without a decision.
    if resources.is_empty() {
        return Err(denied(facts.caller, action, "*", Verdict::ImplicitDeny));
    }
    for resource in resources {
        let request = Request {
            action,
            resource,
            variables: facts,
        };
        let decision = evaluate(documents.iter(), &request);
        if !decision.is_allowed() {
            return Err(denied(facts.caller, action, resource, decision.verdict));
        }
    }
    Ok(())
}

fn denied(caller: &Caller, action: &str, resource: &str, verdict: Verdict) -> EdgeError {
    let why = match verdict {
        Verdict::ExplicitDeny => "with an explicit deny in an identity-based policy".to_owned(),
        Verdict::Allowed | Verdict::ImplicitDeny => {
            format!("because no identity-based policy allows the {action} action")
        }
    };
    EdgeError::AccessDenied(format!(
        "User: {} is not authorized to perform: {action} on resource: {resource} {why}",
        caller.arn
    ))
}

impl Variables for RequestFacts<'_> {
    fn values(&self, key: &Key) -> Values<'_> {
        let owned = |text: String| Values::One(Cow::Owned(text));
        match key.folded() {
            "aws:currenttime" => date(self.now).map_or(Values::Missing, owned),
            "aws:epochtime" => owned(self.now.as_seconds().to_string()),
            "aws:principalaccount" => Some(self.caller.account.as_str()).into(),
            "aws:principalarn" => Some(self.caller.arn.as_str()).into(),
            "aws:principaltype" => Some("User").into(),
            "aws:requestedregion" => Some(self.region).into(),
            "aws:securetransport" => Some(if self.secure { "true" } else { "false" }).into(),
            "aws:sourceip" => owned(self.source.to_canonical().to_string()),
            "aws:useragent" => self.user_agent.into(),
            "aws:userid" => Some(self.caller.user_id.as_str()).into(),
            "aws:username" => self.caller.user_name.as_deref().into(),
            _ => Values::Missing,
        }
    }
}

fn date(time: Timestamp) -> Option<String> {
    OffsetDateTime::from_unix_timestamp(time.as_seconds())
        .ok()?
        .format(&Rfc3339)
        .ok()
}
