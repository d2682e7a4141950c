//! What goes back to a client of S3.

use bytes::Bytes;
use thingsmith_ports::ObjectBytes;

use super::error::S3Error;
use crate::protocol::aws_query::escaped;

/// An answer.
pub(crate) struct S3Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: S3Body,
    /// The code of a refusal.
    pub(crate) error: Option<&'static str>,
}

/// The body of an answer.
pub(crate) enum S3Body {
    Bytes(Bytes),
    Stream(ObjectBytes),
}

impl S3Reply {
    /// An answer without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: S3Body::Bytes(Bytes::new()),
            error: None,
        }
    }

    /// A document.
    pub(super) fn document(text: String) -> Self {
        Self {
            body: S3Body::Bytes(text.into()),
            ..Self::empty(200)
        }
        .with("content-type", "application/xml")
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// A refusal. Neither a HEAD nor an answer that nothing was modified has a body.
    pub(super) fn refusal(error: &S3Error, resource: &str, request_id: &str, bodiless: bool) -> Self {
        let mut reply = Self {
            error: Some(error.code),
            ..Self::empty(error.status)
        };
        if bodiless || error.status == 304 {
            return reply;
        }
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message><Resource>{}</Resource>\
             <RequestId>{request_id}</RequestId></Error>",
            error.code,
            escaped(&error.message),
            escaped(resource),
        );
        reply.body = S3Body::Bytes(text.into());
        reply.with("content-type", "application/xml")
    }
}
