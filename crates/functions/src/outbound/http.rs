//! Functions behind a URL: the event is posted, JSON comes back.

use bytes::Bytes;
use serde::de::IgnoredAny;
use thingsmith_model::Secret;
use thingsmith_ports::{Call, Clock, Outcome, RunError};

use super::client::{self, Client, Request, Url};
use crate::failure;

/// Posts the event of a call. A status other than 2xx is the function's failure.
pub(crate) async fn post(
    client: &Client,
    clock: &dyn Clock,
    call: &Call,
    url: &str,
    headers: &[(String, Secret<String>)],
) -> Result<Outcome, RunError> {
    let name = &call.function.name;
    let unusable = |cause| RunError::Unavailable(format!("the function {name} cannot be called: {cause}"));
    let url = Url::parse(url).map_err(|cause| unusable(format!("its URL is wrong: {cause}")))?;
    let mut headers = client::headers(headers).map_err(unusable)?;
    let id = call
        .request_id
        .parse()
        .map_err(|_| unusable("the request id is no text".into()))?;
    headers.insert("x-amzn-requestid", id);
    let request = Request {
        url: url.clone(),
        headers,
        body: call.event.clone(),
    };
    let Some(answer) = super::send(client, call, request).await? else {
        return Ok(failure::timed_out(
            clock.now(),
            &call.request_id,
            super::limit(call),
        ));
    };
    if !answer.status.is_success() {
        let message = format!("{url} answered with the status {}", answer.status.as_u16());
        return Ok(failure::of_type("Runtime.HttpStatus", &message));
    }
    let payload = if answer.body.is_empty() {
        Bytes::from_static(b"null")
    } else {
        answer.body
    };
    if serde_json::from_slice::<IgnoredAny>(&payload).is_err() {
        let message = format!("{url} answered with something that is no JSON");
        return Ok(failure::of_type("Runtime.MarshalError", &message));
    }
    Ok(Outcome {
        payload,
        failed: None,
        log_tail: Bytes::new(),
    })
}
