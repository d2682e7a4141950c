//! One POST over HTTP/1.1, plain or over TLS. Redirects are answers like any other.

use std::future::poll_fn;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::{StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use thingsmith_model::Secret;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::tls::Tls;
use crate::MOST_BYTES;
use crate::runner::StartError;

/// Makes requests, each on a connection of its own.
pub(crate) struct Client {
    tls: Tls,
}

/// What is sent.
pub(super) struct Request {
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A URL that a request can be sent to.
#[derive(Debug, Clone)]
pub(super) struct Url {
    secure: bool,
    host: String,
    port: u16,
    /// Host and port as the URL has them.
    pub(super) authority: String,
    /// Path and query.
    pub(super) target: String,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Why nothing came back.
pub(super) enum PostError {
    Unreachable(String),
    TooLarge,
}

impl Client {
    /// A client that trusts the system's roots and these.
    pub(crate) fn new(roots_pem: &str) -> Result<Self, StartError> {
        Ok(Self {
            tls: Tls::new(roots_pem)?,
        })
    }

    /// Sends a request and reads its answer, however long that takes.
    pub(super) async fn post(&self, request: Request) -> Result<Answer, PostError> {
        let url = &request.url;
        let stream = TcpStream::connect((url.host.as_str(), url.port))
            .await
            .map_err(unreachable)?;
        // The whole request goes out at once.
        stream.set_nodelay(true).map_err(unreachable)?;
        if !url.secure {
            return exchange(stream, request).await;
        }
        let name = ServerName::try_from(url.host.clone()).map_err(unreachable)?;
        let stream = self
            .tls
            .connector()
            .connect(name, stream)
            .await
            .map_err(unreachable)?;
        exchange(stream, request).await
    }
}

impl Url {
    /// Reads a URL with `http` or `https`. Names and passwords in it are refused: they would end up in messages.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|cause| format!("{cause}"))?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("it begins with neither http:// nor https://".into()),
        };
        let authority = uri.authority().ok_or("it names no host")?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err("it must name a host, and no user".into());
        }
        Ok(Self {
            secure,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            target: uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
        })
    }
}

impl std::fmt::Display for Url {
    /// Without its query, which may hold a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        let path = self.target.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{}{path}", self.authority)
    }
}

/// Reads headers that somebody configured. Those that belong to the connection are left out.
pub(super) fn headers(configured: &[(String, Secret<String>)]) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("thingsmith/", env!("CARGO_PKG_VERSION"))),
    );
    for (name, value) in configured {
        let parsed = HeaderName::try_from(name).map_err(|_| format!("{name:?} is no name of a header"))?;
        if OF_THE_CONNECTION.contains(&parsed.as_str()) {
            return Err(format!("the header {name} cannot be set"));
        }
        let mut value = HeaderValue::try_from(value.expose_secret())
            .map_err(|_| format!("the value of the header {name} cannot be sent"))?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    Ok(headers)
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    request: Request,
) -> Result<Answer, PostError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(unreachable)?;
    let mut message = hyper::Request::post(&request.url.target)
        .body(Full::new(request.body))
        .map_err(unreachable)?;
    *message.headers_mut() = request.headers;
    let host = HeaderValue::try_from(&request.url.authority).map_err(unreachable)?;
    message.headers_mut().insert(HOST, host);
    message
        .headers_mut()
        .insert(CONNECTION, HeaderValue::from_static("close"));
    let answer = async move {
        poll_fn(|cx| sender.poll_ready(cx)).await.map_err(unreachable)?;
        let (head, body) = sender
            .send_request(message)
            .await
            .map_err(unreachable)?
            .into_parts();
        let body = Limited::new(body, MOST_BYTES).collect().await.map_err(|cause| {
            if cause.is::<LengthLimitError>() {
                PostError::TooLarge
            } else {
                PostError::Unreachable(cause.to_string())
            }
        })?;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
        })
    };
    // The connection is driven here and not in a task, so that a caller that stops waiting ends it.
    let mut answer = std::pin::pin!(answer);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        biased;
        answer = &mut answer => return answer,
        _ = &mut connection => {}
    }
    // The connection has ended, so that whatever was read of the answer is there.
    answer.await
}

fn unreachable(cause: impl std::fmt::Display) -> PostError {
    PostError::Unreachable(cause.to_string())
}

const OF_THE_CONNECTION: [&str; 5] = [
    "connection",
    "content-length",
    "host",
    "transfer-encoding",
    "upgrade",
];
