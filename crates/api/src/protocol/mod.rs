//! The wire forms of AWS's protocols: from a request to an operation's members, from its answer to bytes.

pub(crate) mod aws_query;
mod error;
pub(crate) mod rest_json;

use bytes::Bytes;
use hyper::HeaderMap;
use thingsmith_aws_model::ServiceModel;
use thingsmith_core::{Code, Fault};

pub use error::{EdgeError, Refusal};

/// A request as it came, its body read.
pub(crate) struct Received<'a> {
    /// Path and query, still percent-encoded.
    pub(crate) target: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

/// What goes back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    /// The exception in `x-amzn-errortype`.
    pub(crate) error_type: Option<String>,
    /// Members of the answer that travel in headers.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Received<'_> {
    /// The parameters of the query, percent-decoded. A `+` is a plus sign, as it is to whoever signs.
    ///
    /// # Errors
    /// [`EdgeError::Serialization`] for what does not decode to UTF-8.
    fn query(&self) -> Result<Vec<(String, String)>, EdgeError> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decoded(name)?, decoded(value)?))
            })
            .collect()
    }
}

fn decoded(text: &str) -> Result<String, EdgeError> {
    percent_encoding::percent_decode_str(text)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| EdgeError::Serialization("a query parameter is not UTF-8".into()))
}

/// What a service calls an exception: the newer services have other words for the same.
pub(crate) fn exception(service: &ServiceModel, code: Code) -> &'static str {
    match (service.metadata().signing_name(), code) {
        ("lambda", Code::InvalidRequest) => "InvalidParameterValueException",
        ("lambda", Code::ResourceAlreadyExists) => "ResourceConflictException",
        ("lambda", Code::Throttling) => "TooManyRequestsException",
        ("lambda", Code::InternalFailure | Code::ServiceUnavailable) => "ServiceException",
        (_, code) => code.exception(),
    }
}

/// The status of a fault: it belongs to the pair of service and exception.
fn fault_status(service: &ServiceModel, fault: &Fault) -> u16 {
    let by_protocol = match fault.code {
        Code::AccessDenied => 403,
        Code::InternalFailure => 500,
        Code::NotImplemented => 501,
        Code::ServiceUnavailable => 503,
        _ => 400,
    };
    service
        .error_status(exception(service, fault.code))
        .unwrap_or(by_protocol)
}
