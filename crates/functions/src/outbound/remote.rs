//! Functions of another endpoint that speaks Lambda's Invoke.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use thingsmith_ports::{Call, Clock, Failed, FunctionCredentials, Outcome, RunError};
use thingsmith_sigv4::{PayloadHash, Signer, sign};

use super::client::{self, Answer, Client, Request, Url};
use crate::failure;

/// The function that is called.
pub(crate) struct Target<'a> {
    pub(crate) endpoint: &'a str,
    pub(crate) region: &'a str,
    pub(crate) function: &'a str,
    pub(crate) credentials: Option<&'a FunctionCredentials>,
}

/// Calls it and waits for its answer.
pub(crate) async fn invoke(
    client: &Client,
    clock: &dyn Clock,
    call: &Call,
    target: &Target<'_>,
) -> Result<Outcome, RunError> {
    let name = &call.function.name;
    let request = request(clock, call, target)
        .map_err(|cause| RunError::Unavailable(format!("the function {name} cannot be called: {cause}")))?;
    match super::send(client, call, request).await? {
        Some(answer) => outcome(name, answer),
        None => Ok(failure::timed_out(
            clock.now(),
            &call.request_id,
            super::limit(call),
        )),
    }
}

fn request(clock: &dyn Clock, call: &Call, target: &Target<'_>) -> Result<Request, String> {
    let function = utf8_percent_encode(target.function, ENCODED);
    let url = format!(
        "{}/2015-03-31/functions/{function}/invocations",
        target.endpoint.trim_end_matches('/')
    );
    let url = Url::parse(&url).map_err(|cause| format!("its endpoint is wrong: {cause}"))?;
    let mut headers = client::headers(&[])?;
    headers.insert(
        "x-amz-invocation-type",
        HeaderValue::from_static("RequestResponse"),
    );
    headers.insert("x-amz-log-type", HeaderValue::from_static("Tail"));
    if let Some(context) = &call.client_context {
        add(&mut headers, "x-amz-client-context", &STANDARD.encode(context))?;
    }
    if let Some(credentials) = target.credentials {
        // The client sets it again when it sends; the signature needs it now.
        add(&mut headers, HOST.as_str(), &url.authority)?;
        for (name, value) in signature(clock, call, target.region, credentials, &url, &headers)? {
            add(&mut headers, name, &value)?;
        }
    }
    Ok(Request {
        url,
        headers,
        body: call.event.clone(),
    })
}

fn signature(
    clock: &dyn Clock,
    call: &Call,
    region: &str,
    credentials: &FunctionCredentials,
    url: &Url,
    headers: &HeaderMap,
) -> Result<Vec<(&'static str, String)>, String> {
    let signer = Signer {
        access_key_id: credentials.access_key_id.clone(),
        secret_access_key: credentials.secret.clone(),
        session_token: credentials
            .session_token
            .as_ref()
            .map(|token| token.expose_secret().clone()),
        region: region.to_owned(),
        service: "lambda".to_owned(),
    };
    let signed: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect();
    let request = thingsmith_sigv4::Request {
        method: "POST",
        target: url.target.as_bytes(),
        headers: &signed,
    };
    sign(&signer, &request, PayloadHash::of(&call.event), clock.now()).map_err(|cause| cause.to_string())
}

fn add(headers: &mut HeaderMap, name: &'static str, value: &str) -> Result<(), String> {
    let mut value =
        HeaderValue::try_from(value).map_err(|_| format!("the value of the header {name} cannot be sent"))?;
    value.set_sensitive(true);
    headers.insert(HeaderName::from_static(name), value);
    Ok(())
}

fn outcome(name: &str, answer: Answer) -> Result<Outcome, RunError> {
    if !answer.status.is_success() {
        return Err(refusal(name, &answer));
    }
    let header = |name| answer.headers.get(name).and_then(|value| value.to_str().ok());
    let failed = header("x-amz-function-error").map(|_| failure_of(&answer.body));
    let log_tail = header("x-amz-log-result")
        .and_then(|log| STANDARD.decode(log).ok())
        .unwrap_or_default();
    Ok(Outcome {
        payload: answer.body,
        failed,
        log_tail: log_tail.into(),
    })
}

/// What failed. Lambda has no word of its own for a time-out but in the message.
fn failure_of(payload: &[u8]) -> Failed {
    let error: Error = serde_json::from_slice(payload).unwrap_or_default();
    if error.message.contains("Task timed out after") {
        Failed::TimedOut
    } else {
        Failed::Unhandled
    }
}

fn refusal(name: &str, answer: &Answer) -> RunError {
    let error: Error = serde_json::from_slice(&answer.body).unwrap_or_default();
    let status = answer.status.as_u16();
    let message: String = error.message.chars().take(MOST_OF_A_MESSAGE).collect();
    match answer.status {
        StatusCode::TOO_MANY_REQUESTS => RunError::TooManyRequests,
        StatusCode::PAYLOAD_TOO_LARGE => RunError::TooLarge(format!(
            "the event is too large for the endpoint of the function {name}: {message}"
        )),
        _ => RunError::Unavailable(format!(
            "the endpoint of the function {name} answered with the status {status}: {message}"
        )),
    }
}

/// The errors of functions and those of Lambda itself, as far as they matter here.
#[derive(Default, Deserialize)]
struct Error {
    #[serde(default, rename = "errorMessage", alias = "Message", alias = "message")]
    message: String,
}

const MOST_OF_A_MESSAGE: usize = 1000;

/// All but what RFC 3986 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
