//! Functions that run elsewhere: behind a URL, or behind another Lambda.

mod client;
pub(crate) mod http;
pub(crate) mod remote;
mod tls;

pub(crate) use client::Client;
pub(crate) use tls::system_roots;

use std::time::Duration;

use thingsmith_ports::{Call, RunError};

use crate::MOST_BYTES;
use client::{Answer, PostError, Request};

/// How long a call may take: the function's time-out, or as long as its caller waits.
fn limit(call: &Call) -> Duration {
    call.function.timeout.min(call.patience)
}

/// Sends a request; none if there was no answer in time.
async fn send(client: &Client, call: &Call, request: Request) -> Result<Option<Answer>, RunError> {
    let url = request.url.to_string();
    let name = &call.function.name;
    match tokio::time::timeout(limit(call), client.post(request)).await {
        Err(_) => Ok(None),
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(PostError::TooLarge)) => Err(RunError::TooLarge(format!(
            "the answer of the function {name} has more than {MOST_BYTES} bytes"
        ))),
        Ok(Err(PostError::Unreachable(cause))) => Err(RunError::Unavailable(format!(
            "the function {name} cannot be reached at {url}: {cause}"
        ))),
    }
}
