//! What a device is answered over HTTPS: a status, AWS's exception and a message.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, SEC_WEBSOCKET_VERSION, UPGRADE};
use hyper::{Response, StatusCode};
use serde_json::json;
use thingsmith_core::callers::ClaimError;
use thingsmith_core::connections::SignatoryError;
use thingsmith_sigv4::ErrorKind;
use uuid::Uuid;

/// Why a message was not published.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    exception: &'static str,
    message: String,
}

impl Refused {
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestException", message)
    }

    /// What AWS's gateway was seen to answer for whatever a policy does not allow.
    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden")
    }

    pub(super) fn no_credential() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "ForbiddenException",
            "Missing Authentication Token",
        )
    }

    /// What the API answers to the same signature.
    pub(super) fn signature(error: &SignatoryError) -> Self {
        let (status, exception) = match error {
            SignatoryError::OtherAccount { .. } | SignatoryError::Claim(ClaimError::UnknownKey) => {
                (StatusCode::FORBIDDEN, "UnrecognizedClientException")
            }
            SignatoryError::Claim(ClaimError::ExpiredToken) => {
                (StatusCode::FORBIDDEN, "ExpiredTokenException")
            }
            SignatoryError::Claim(ClaimError::Signature(error)) => match error.kind() {
                ErrorKind::Missing => (StatusCode::FORBIDDEN, "MissingAuthenticationTokenException"),
                ErrorKind::Incomplete => (StatusCode::BAD_REQUEST, "IncompleteSignatureException"),
                ErrorKind::Wrong => (StatusCode::FORBIDDEN, "InvalidSignatureException"),
            },
            SignatoryError::Claim(ClaimError::Failed(_)) => return Self::internal(),
        };
        Self::new(status, exception, error.to_string())
    }

    pub(super) fn upgrade_required(message: String) -> Self {
        Self::new(StatusCode::UPGRADE_REQUIRED, "InvalidRequestException", message)
    }

    pub(super) fn not_found(path: &str) -> Self {
        let message = format!("There is nothing at {path:?}; devices publish with POST /topics/TOPIC.");
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    }

    pub(super) fn method() -> Self {
        let message = "Only POST is allowed on a topic.";
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowedException",
            message,
        )
    }

    pub(super) fn too_large(bytes: usize) -> Self {
        let message = format!("The payload has more than {bytes} bytes.");
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLargeException",
            message,
        )
    }

    pub(super) fn too_slow() -> Self {
        let message = "The payload did not come in time.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", message)
    }

    pub(super) fn throttled(message: String) -> Self {
        Self::new(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", message)
    }

    pub(super) fn internal() -> Self {
        let message = "An internal failure occurred; the trace id finds it in the log.";
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalFailureException",
            message,
        )
    }

    fn new(status: StatusCode, exception: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            exception,
            message: message.into(),
        }
    }
}

/// The answer to a publish, with the id that finds it in the log.
pub(super) fn response(outcome: Result<(), Refused>, trace_id: Uuid) -> Response<Full<Bytes>> {
    let (status, exception, message) = match outcome {
        Ok(()) => (StatusCode::OK, None, "OK".to_owned()),
        Err(refused) => (refused.status, Some(refused.exception), refused.message),
    };
    let trace_id = trace_id.to_string();
    let body = json!({"message": message, "traceId": trace_id});
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(trace_id) = HeaderValue::try_from(trace_id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), trace_id);
    }
    if status == StatusCode::UPGRADE_REQUIRED {
        // RFC 9110, 15.5.22; RFC 6455, 4.4.
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    if let Some(exception) = exception {
        let name = HeaderName::from_static("x-amzn-errortype");
        headers.insert(name, HeaderValue::from_static(exception));
    }
    response
}
