//! Calling a function for a caller of the API, whose permission was decided before.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::de::IgnoredAny;
use thingsmith_ports::{Call, Outcome, RunError};

use super::known::{self, Callable};
use super::{FunctionName, not_found};
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// What a caller of the API asks of a function.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// JSON; nothing is an empty object.
    pub event: Bytes,
    /// JSON that the function sees as the client context.
    pub client_context: Option<String>,
    /// A UUID that the function sees as its request id.
    pub request_id: String,
}

/// Most bytes of an event that is waited for (Lambda quotas, "Invocation payload").
const MOST_BYTES: usize = 6 << 20;
/// Most bytes of an event that nobody waits for (the same, asynchronous).
const MOST_BYTES_LATER: usize = 1 << 20;
/// Longer than any function may take: it is its own time-out that counts.
const PATIENCE: Duration = Duration::from_secs(910);

/// Calls a function and waits for what it answers.
///
/// # Errors
/// `ResourceNotFoundException`, `InvalidRequestContentException` for an event that is not JSON, `RequestTooLargeException`,
/// `ThrottlingException` when as many calls as may be are under way, `InvalidRuntimeException` when functions like it are
/// not run here, and `ServiceUnavailableException` when it could not be started.
pub async fn invoke(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &FunctionName,
    invocation: Invocation,
) -> Result<Outcome, Fault> {
    let (callable, call) = prepare(deeds, realm, name, invocation, MOST_BYTES).await?;
    match deeds.functions().run(call.clone()).await {
        // Its code may have been changed between reading its settings and its code.
        Err(RunError::Unavailable(reason)) => {
            let again = renewed(deeds, realm, &callable).await?;
            let Some(again) = again else {
                return Err(refused(RunError::Unavailable(reason)));
            };
            let call = Call {
                function: Arc::clone(&again.runnable),
                ..call
            };
            deeds.functions().run(call).await.map_err(refused)
        }
        outcome => outcome.map_err(refused),
    }
}

/// Calls a function without waiting for it. One that fails is called twice more.
///
/// # Errors
/// As [`invoke()`], as far as it is known at once; `ThrottlingException` when too many calls wait.
pub async fn invoke_later(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &FunctionName,
    invocation: Invocation,
) -> Result<(), Fault> {
    let (_, call) = prepare(deeds, realm, name, invocation, MOST_BYTES_LATER).await?;
    let functions = Arc::clone(&deeds.world().functions);
    deeds.known_functions().events.submit(functions, call)
}

/// Checks that a function of this name could be called.
///
/// # Errors
/// `ResourceNotFoundException`
pub async fn may_be_event(deeds: &Deeds, realm: &RealmRecord, name: &FunctionName) -> Result<(), Fault> {
    callable(deeds, realm, name).await.map(drop)
}

/// The function as it is now, if it is not as it was.
pub(super) async fn renewed(
    deeds: &Deeds,
    realm: &RealmRecord,
    before: &Callable,
) -> Result<Option<Arc<Callable>>, Fault> {
    deeds.known_functions().forget();
    let found = known::find(deeds, realm, &before.runnable.name).await?;
    Ok(found.filter(|found| found.runnable.revision != before.runnable.revision))
}

async fn callable(deeds: &Deeds, realm: &RealmRecord, name: &FunctionName) -> Result<Arc<Callable>, Fault> {
    let name = name.within(realm)?;
    known::find(deeds, realm, name)
        .await?
        .ok_or_else(|| not_found(realm, name))
}

async fn prepare(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &FunctionName,
    invocation: Invocation,
    most: usize,
) -> Result<(Arc<Callable>, Call), Fault> {
    let callable = callable(deeds, realm, name).await?;
    let event = match invocation.event {
        event if event.is_empty() => Bytes::from_static(b"{}"),
        event => event,
    };
    if event.len() > most {
        return Err(Fault::new(
            Code::RequestTooLarge,
            format!("Request must be smaller than {most} bytes for the InvokeFunction operation"),
        ));
    }
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(&event) {
        return Err(Fault::new(
            Code::InvalidRequestContent,
            format!("Could not parse request body into json: {error}"),
        ));
    }
    let call = Call {
        function: Arc::clone(&callable.runnable),
        request_id: invocation.request_id,
        event,
        client_context: invocation.client_context,
        patience: PATIENCE,
    };
    Ok((callable, call))
}

fn refused(error: RunError) -> Fault {
    let message = error.to_string();
    match error {
        RunError::TooManyRequests => Fault::new(Code::Throttling, "Rate Exceeded."),
        RunError::NotEnabled(_) => Fault::new(Code::InvalidRuntime, message),
        RunError::TooLarge(_) => Fault::new(Code::RequestTooLarge, message),
        RunError::Unavailable(_) => Fault::new(Code::ServiceUnavailable, message),
    }
}
