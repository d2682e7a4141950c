//! One POST over HTTP/1.1, plain or over TLS.

use std::fmt;
use std::net::SocketAddr;

use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use thingsmith_ports::{WebError, WebRequest};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::tls::Tls;

/// A URL that a request can be sent to.
#[derive(Debug)]
pub(crate) struct Url {
    pub(crate) is_secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    authority: String,
    target: String,
}

impl Url {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text
            .parse()
            .map_err(|cause| format!("the URL is none: {cause}"))?;
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err("the URL begins with neither https:// nor http://".into()),
        };
        let authority = uri.authority().ok_or("the URL names no host")?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err("the URL must name a host, and no user".into());
        }
        Ok(Self {
            is_secure,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if is_secure { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            target: uri.path_and_query().map_or("/", |it| it.as_str()).to_owned(),
        })
    }
}

impl fmt::Display for Url {
    /// Without its query, which may hold a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_secure { "https" } else { "http" };
        let path = self.target.split('?').next().unwrap_or_default();
        write!(f, "{scheme}://{}{path}", self.authority)
    }
}

/// Sends a request to an address of the URL's host and waits for the whole answer.
pub(crate) async fn post(
    url: &Url,
    address: SocketAddr,
    request: WebRequest,
    tls: &Tls,
) -> Result<u16, WebError> {
    let most = request.answer_bytes;
    let message = message(url, request)?;
    let stream = TcpStream::connect(address).await.map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    if !url.is_secure {
        return exchange(stream, message, most).await;
    }
    let name = ServerName::try_from(url.host.clone()).map_err(unreachable)?;
    let stream = tls.connector().connect(name, stream).await.map_err(unreachable)?;
    exchange(stream, message, most).await
}

fn message(url: &Url, request: WebRequest) -> Result<Request<Full<bytes::Bytes>>, WebError> {
    let mut message = Request::post(&url.target)
        .body(Full::new(request.body))
        .map_err(unreachable)?;
    let headers = message.headers_mut();
    headers.insert(
        USER_AGENT,
        HeaderValue::from_static(concat!("thingsmith/", env!("CARGO_PKG_VERSION"))),
    );
    for (name, value) in &request.headers {
        let wrong = || WebError::NotAllowed(format!("the header {name:?} cannot be sent"));
        let parsed = HeaderName::try_from(name).map_err(|_| wrong())?;
        let mut value = HeaderValue::try_from(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        headers.insert(parsed, value);
    }
    // Last, so that nothing takes their place.
    headers.insert(HOST, HeaderValue::try_from(&url.authority).map_err(unreachable)?);
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    Ok(message)
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    message: Request<Full<bytes::Bytes>>,
    most: usize,
) -> Result<u16, WebError> {
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(unreachable)?;
    let answer = async move {
        sender.ready().await.map_err(unreachable)?;
        let answer = sender.send_request(message).await.map_err(unreachable)?;
        let status = answer.status().as_u16();
        match Limited::new(answer.into_body(), most).collect().await {
            Ok(_) => Ok(status),
            Err(cause) if cause.is::<LengthLimitError>() => Err(WebError::TooLong),
            Err(cause) => Err(WebError::Unreachable(cause.to_string())),
        }
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

fn unreachable(cause: impl fmt::Display) -> WebError {
    WebError::Unreachable(cause.to_string())
}
