//! Signed requests, and how often they are sent.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::response::Parts;
use hyper::{Method, Request};
use thingsmith_sigv4::{PayloadHash, sign};
use tokio::time::timeout;

use crate::connections::{Broken, Connection};
use crate::endpoint::Endpoint;
use crate::failure::Failure;

/// What is asked of the other server.
pub(crate) struct Call<'a> {
    pub(crate) method: Method,
    pub(crate) bucket: &'a str,
    /// Empty for the bucket itself.
    pub(crate) key: &'a str,
    /// Percent-encoded, without a question mark.
    pub(crate) query: String,
    /// Beside those that every request has; names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Whether doing it twice is as good as doing it once.
    pub(crate) is_repeatable: bool,
}

/// An answer that was read to its end.
pub(crate) struct Answer {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An answer whose body is still to be read.
pub(crate) struct Opened {
    pub(crate) head: Parts,
    pub(crate) body: Incoming,
    pub(crate) connection: Connection,
}

/// How long to wait before what failed is tried again.
const PAUSES: [Duration; 3] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_millis(1600),
];
/// Most bytes of an answer that is kept whole: a thousand keys of a kilobyte each, percent-encoded.
const MOST_BYTES: usize = 8 << 20;
/// How long such an answer may take to come.
const READING: Duration = Duration::from_secs(60);

impl<'a> Call<'a> {
    /// A request without anything more.
    pub(crate) fn new(method: Method, bucket: &'a str, key: &'a str) -> Self {
        Self {
            method,
            bucket,
            key,
            query: String::new(),
            headers: Vec::new(),
            body: Bytes::new(),
            is_repeatable: true,
        }
    }
}

impl Endpoint {
    /// Sends a request and reads its whole answer.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, Failure> {
        let mut tries = 0;
        loop {
            let opened = self.open(call).await?;
            match self.read(opened).await {
                Ok(answer) => return Ok(answer),
                Err(_) if call.is_repeatable && tries < PAUSES.len() => tries += 1,
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Sends a request until it is answered with a success or with what will not change.
    pub(crate) async fn open(&self, call: &Call<'_>) -> Result<Opened, Failure> {
        let mut pauses = PAUSES.iter();
        loop {
            let (failure, may_repeat) = match self.try_once(call).await {
                Ok(opened) => return Ok(opened),
                Err(failed) => failed,
            };
            match pauses.next() {
                Some(pause) if may_repeat => tokio::time::sleep(*pause).await,
                _ => return Err(failure),
            }
        }
    }

    /// What one try came to, and whether another one may help and do no harm.
    async fn try_once(&self, call: &Call<'_>) -> Result<Opened, (Failure, bool)> {
        let (host, request) = self.request(call).map_err(|failure| (failure, false))?;
        let exchanged = self.connections.exchange(&host, request).await;
        let (answer, connection) = exchanged.map_err(|Broken { sent, reason }| {
            let may_repeat = !sent || call.is_repeatable;
            (Failure::Unavailable(reason), may_repeat)
        })?;
        let (head, body) = answer.into_parts();
        let opened = Opened {
            head,
            body,
            connection,
        };
        let status = opened.head.status.as_u16();
        if (200..300).contains(&status) {
            return Ok(opened);
        }
        let body = match self.read(opened).await {
            Ok(answer) => answer.body,
            Err(_) => Bytes::new(),
        };
        // It says of itself that nothing was done (S3 API reference, "Error responses").
        let nothing_done = status == 503
            || status == 409
                && crate::xml::text_of(&body, "Code")
                    .is_some_and(|code| code == "ConditionalRequestConflict");
        let may_repeat = nothing_done || call.is_repeatable && matches!(status, 500 | 502 | 504);
        Err((Failure::of(status, &body), may_repeat))
    }

    async fn read(&self, opened: Opened) -> Result<Answer, Failure> {
        let collected = timeout(READING, Limited::new(opened.body, MOST_BYTES).collect()).await;
        let body = match collected {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) => return Err(Failure::Unavailable(error.to_string())),
            Err(_) => return Err(Failure::Unavailable("its answer does not end".into())),
        };
        self.connections.keep(opened.connection);
        Ok(Answer {
            headers: opened.head.headers,
            body,
        })
    }

    /// The signed request, and the host that it goes to.
    fn request(&self, call: &Call<'_>) -> Result<(String, Request<Full<Bytes>>), Failure> {
        let wrong =
            |error: &dyn std::fmt::Display| Failure::Unavailable(format!("no request can be made: {error}"));
        let (host, path) = self.address(call.bucket, call.key);
        let target = match call.query.is_empty() {
            true => path,
            false => format!("{path}?{}", call.query),
        };
        let payload = PayloadHash::of(&call.body);
        let hash = payload.to_hex();
        let mut named: Vec<(&str, &str)> = vec![("host", &host), ("x-amz-content-sha256", &hash)];
        named.extend(
            call.headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str())),
        );
        let bytes: Vec<(&str, &[u8])> = named
            .iter()
            .map(|(name, value)| (*name, value.as_bytes()))
            .collect();
        let signed = sign(
            &self.signer,
            &thingsmith_sigv4::Request {
                method: call.method.as_str(),
                target: target.as_bytes(),
                headers: &bytes,
            },
            payload,
            self.clock.now(),
        )
        .map_err(|error| wrong(&error))?;
        let mut request = Request::builder()
            .method(call.method.clone())
            .uri(&target)
            .body(Full::new(call.body.clone()))
            .map_err(|error| wrong(&error))?;
        let headers = request.headers_mut();
        headers.insert(
            USER_AGENT,
            HeaderValue::from_static(concat!("thingsmith/", env!("CARGO_PKG_VERSION"))),
        );
        if matches!(call.method, Method::PUT | Method::POST) {
            // Of an empty body hyper says nothing, and S3 wants to be told.
            headers.insert(CONTENT_LENGTH, HeaderValue::from(call.body.len()));
        }
        let signed = signed.iter().map(|(name, value)| (*name, value.as_str()));
        for (name, value) in named.iter().copied().chain(signed) {
            let name = HeaderName::try_from(name).map_err(|error| wrong(&error))?;
            let mut value = HeaderValue::from_bytes(value.as_bytes()).map_err(|error| wrong(&error))?;
            value.set_sensitive(name == hyper::header::AUTHORIZATION);
            headers.append(name, value);
        }
        Ok((host, request))
    }
}
