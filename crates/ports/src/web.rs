//! Requests to servers of others, at URLs that customers give.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use thiserror::Error;

/// Sends requests to URLs that customers give. Where they may lead is its matter: a URL must not open to strangers what
/// only this server reaches.
#[async_trait]
pub trait Web: Send + Sync + 'static {
    /// Sends one request by POST and gives back the status of the answer. Redirects are not followed.
    ///
    /// # Errors
    /// When there is no answer that can be used.
    async fn post(&self, request: WebRequest) -> Result<u16, WebError>;
}

/// One request.
#[derive(Debug, Clone)]
pub struct WebRequest {
    /// Where to: `https://...`, or `http://...` where that is allowed.
    pub url: String,
    /// Headers besides `host` and `content-length`. Their values may be secrets.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Bytes,
    /// How long it may take until the whole answer is there.
    pub timeout: Duration,
    /// Most bytes of the answer's body.
    pub answer_bytes: usize,
}

/// Why there is no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WebError {
    /// Requests may not lead there.
    #[error("{0}")]
    NotAllowed(String),
    /// The answer took too long.
    #[error("the answer did not come in time")]
    TimedOut,
    /// The answer's body is longer than may be.
    #[error("the answer is longer than it may be")]
    TooLong,
    /// The server could not be reached, or ended the connection.
    #[error("{0}")]
    Unreachable(String),
}

/// Reaches nothing: for programs that have no customers.
#[derive(Debug, Clone, Copy)]
pub struct NoWeb;

#[async_trait]
impl Web for NoWeb {
    async fn post(&self, _request: WebRequest) -> Result<u16, WebError> {
        Err(WebError::NotAllowed("no requests are sent from here".into()))
    }
}
