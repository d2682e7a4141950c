//! Calling a function for a service that acts for a resource: a rule, a template, a domain configuration.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use thingsmith_model::Timestamp;
use thingsmith_policy::{Assuming, Key, Values, Variables, Verdict};
use thingsmith_ports::{Call, Failed, Outcome, RunError};
use thiserror::Error;
use tokio::time::Instant;

use super::invoke::renewed;
use super::known::{self, Callable};
use super::{FunctionName, LATEST, arn};
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault, acting};

/// For whom a service calls a function. The function's policy must permit it.
#[derive(Debug, Clone, Copy)]
pub struct OnBehalf<'a> {
    /// The service, such as `iot.amazonaws.com`.
    pub service: &'a str,
    /// The ARN of the resource that it acts for.
    pub source_arn: &'a str,
    /// The account of that resource.
    pub source_account: &'a str,
}

/// Why a service has no answer of a function. Each says so in a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvokeFailure {
    /// There is no such function.
    #[error("there is no function {0}")]
    NotFound(String),
    /// The function's policy does not permit it.
    #[error("{0}")]
    NotPermitted(String),
    /// The function failed.
    #[error("the function failed with {error_type}: {message}")]
    Failed {
        /// What its runtime calls the error.
        error_type: String,
        /// What the error says.
        message: String,
    },
    /// It did not answer in time.
    #[error("the function did not answer in time")]
    TimedOut,
    /// As many calls as may be are under way.
    #[error("too many calls of the function are under way")]
    Throttled,
    /// It could not be run.
    #[error("the function could not be run: {0}")]
    Unavailable(String),
}

/// Calls a function, named by its name or ARN, for a resource of the realm, and gives back what it answers, which is JSON
/// if its runtime is well. `patience` bounds the time beside the function's own time-out.
///
/// # Errors
/// See [`InvokeFailure`].
pub async fn invoke_for_service(
    deeds: &Deeds,
    realm: &RealmRecord,
    function_arn: &str,
    on_behalf: OnBehalf<'_>,
    event: Bytes,
    patience: Duration,
) -> Result<Bytes, InvokeFailure> {
    let name = name(realm, function_arn)?;
    let found = known::find(deeds, realm, &name).await.map_err(unread)?;
    let callable = found.ok_or_else(|| InvokeFailure::NotFound(arn(realm, &name)))?;
    permit(&callable, on_behalf, deeds.clock().now())?;
    let began = Instant::now();
    let call = Call {
        function: Arc::clone(&callable.runnable),
        request_id: deeds.uuid().to_string(),
        event,
        client_context: None,
        patience,
    };
    let outcome = match deeds.functions().run(call.clone()).await {
        // Its code may have been changed between reading its settings and its code.
        Err(RunError::Unavailable(reason)) => {
            let again = renewed(deeds, realm, &callable).await.map_err(unread)?;
            let again = again.ok_or(InvokeFailure::Unavailable(reason))?;
            permit(&again, on_behalf, deeds.clock().now())?;
            let call = Call {
                function: Arc::clone(&again.runnable),
                patience: patience.saturating_sub(began.elapsed()),
                ..call
            };
            deeds.functions().run(call).await
        }
        outcome => outcome,
    };
    answer(outcome)
}

/// The name alone of a function of the realm.
fn name(realm: &RealmRecord, text: &str) -> Result<String, InvokeFailure> {
    let name: FunctionName = text
        .parse()
        .map_err(|fault: Fault| InvokeFailure::NotFound(fault.message))?;
    name.within(realm)
        .map(str::to_owned)
        .map_err(|fault| match fault.code {
            Code::AccessDenied => InvokeFailure::NotPermitted(fault.message),
            _ => InvokeFailure::NotFound(match &name.qualifier {
                Some(qualifier) if qualifier != LATEST => {
                    format!("{}:{qualifier}", arn(realm, &name.name))
                }
                _ => format!("{} in {}", name.name, realm.region),
            }),
        })
}

/// Asks the function's policy. One of the configuration is the operator's own and has none.
fn permit(callable: &Callable, on_behalf: OnBehalf<'_>, now: Timestamp) -> Result<(), InvokeFailure> {
    let Some(permits) = &callable.permits else {
        return Ok(());
    };
    let who = Assuming::Service(on_behalf.service);
    let source = Source { on_behalf, now };
    let permitted = permits
        .iter()
        .any(|permit| permit.decide(&who, INVOKE, &source).verdict == Verdict::Allowed);
    if permitted {
        return Ok(());
    }
    Err(InvokeFailure::NotPermitted(format!(
        "the policy of {} does not permit {} to {INVOKE} for {} of account {}",
        callable.runnable.arn, on_behalf.service, on_behalf.source_arn, on_behalf.source_account
    )))
}

/// The action of whoever calls a function.
const INVOKE: &str = "lambda:InvokeFunction";

/// What a function's policy can ask about a service that calls.
struct Source<'a> {
    on_behalf: OnBehalf<'a>,
    now: Timestamp,
}

impl Variables for Source<'_> {
    fn values(&self, key: &Key) -> Values<'_> {
        let text = |text| Values::One(Cow::Borrowed(text));
        match key.folded() {
            "aws:sourcearn" => text(self.on_behalf.source_arn),
            "aws:sourceaccount" => text(self.on_behalf.source_account),
            "aws:securetransport" => text("true"),
            _ => acting::time(self.now, key),
        }
    }
}

fn answer(outcome: Result<Outcome, RunError>) -> Result<Bytes, InvokeFailure> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(RunError::TooManyRequests) => return Err(InvokeFailure::Throttled),
        Err(RunError::TooLarge(message)) => {
            return Err(InvokeFailure::Failed {
                error_type: "RequestTooLarge".to_owned(),
                message,
            });
        }
        Err(RunError::NotEnabled(reason) | RunError::Unavailable(reason)) => {
            return Err(InvokeFailure::Unavailable(reason));
        }
    };
    match outcome.failed {
        None => Ok(outcome.payload),
        Some(Failed::TimedOut) => Err(InvokeFailure::TimedOut),
        Some(Failed::Unhandled) => {
            let error: Raised = serde_json::from_slice(&outcome.payload).unwrap_or_default();
            Err(InvokeFailure::Failed {
                error_type: excerpt(error.error_type.as_deref().unwrap_or("Unhandled")),
                message: excerpt(error.error_message.as_deref().unwrap_or("it says nothing of why")),
            })
        }
    }
}

/// The error that a function answers with.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raised {
    error_type: Option<String>,
    error_message: Option<String>,
}

/// What a function says ends in messages and logs.
fn excerpt(text: &str) -> String {
    text.chars().take(1024).collect()
}

fn unread(fault: Fault) -> InvokeFailure {
    InvokeFailure::Unavailable(fault.to_string())
}
