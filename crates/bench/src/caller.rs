//! A caller of the AWS API: signed requests over connections that stay open.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::StatusCode;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{CONTENT_TYPE, HOST, HeaderName};
use hyper_util::rt::TokioIo;
use thingsmith::SystemClock;
use thingsmith_model::Secret;
use thingsmith_ports::Clock;
use thingsmith_sigv4::{PayloadHash, Request, Signer, sign};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::under_test::Announcement;

/// Who calls.
pub(crate) struct Caller {
    host: String,
    signer: Signer,
}

/// A connection to the API.
pub(crate) type Connection = SendRequest<Full<Bytes>>;

/// One request.
pub(crate) struct Call {
    pub(crate) method: &'static str,
    pub(crate) target: String,
    pub(crate) body: Bytes,
}

impl Caller {
    pub(crate) fn new(announced: Announcement) -> Result<Self> {
        let host = announced
            .api
            .strip_prefix("http://")
            .context("the API's URL begins with http://")?
            .to_owned();
        let signer = Signer {
            access_key_id: announced.access_key_id,
            secret_access_key: Secret::new(announced.secret_access_key),
            session_token: None,
            region: announced.region,
            service: "iot".into(),
        };
        Ok(Self { host, signer })
    }

    pub(crate) async fn connect(&self) -> Result<Connection> {
        let tcp = TcpStream::connect(&self.host)
            .await
            .context("the API cannot be reached")?;
        tcp.set_nodelay(true)?;
        let (sender, connection) = http1::handshake(TokioIo::new(tcp)).await?;
        // It ends with its sender; a failure shows in the request that was under way.
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Calls, and gives back status and body.
    pub(crate) async fn ask(&self, connection: &mut Connection, call: &Call) -> Result<(StatusCode, Bytes)> {
        let headers: [(&str, &[u8]); 2] = [
            ("content-type", b"application/json"),
            ("host", self.host.as_bytes()),
        ];
        let to_sign = Request {
            method: call.method,
            target: call.target.as_bytes(),
            headers: &headers,
        };
        let signature = sign(
            &self.signer,
            &to_sign,
            PayloadHash::of(&call.body),
            SystemClock.now(),
        )?;
        let mut request = hyper::Request::builder()
            .method(call.method)
            .uri(&call.target)
            .header(HOST, &self.host)
            .header(CONTENT_TYPE, "application/json");
        for (name, value) in signature {
            request = request.header(HeaderName::from_static(name), value);
        }
        let answer = connection
            .send_request(request.body(Full::new(call.body.clone()))?)
            .await?;
        let status = answer.status();
        Ok((status, answer.into_body().collect().await?.to_bytes()))
    }

    /// Calls, and expects a success.
    pub(crate) async fn must(&self, connection: &mut Connection, call: &Call) -> Result<Bytes> {
        let (status, body) = self.ask(connection, call).await?;
        ensure!(
            status.is_success(),
            "{} {}: {status} {}",
            call.method,
            call.target,
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }
}

/// Has so many connections each make so many calls, one after the other, and gives back how long each took.
/// `call(connection, number)` says what is called.
pub(crate) async fn crowd(
    caller: &Arc<Caller>,
    connections: usize,
    calls: usize,
    call: impl Fn(usize, usize) -> Call + Clone + Send + 'static,
) -> Result<Vec<Duration>> {
    let mut tasks = JoinSet::new();
    for connection in 0..connections {
        let (caller, call) = (Arc::clone(caller), call.clone());
        tasks.spawn(async move {
            let mut sender = caller.connect().await?;
            let mut latencies = Vec::with_capacity(calls);
            for number in 0..calls {
                let call = call(connection, number);
                let started = Instant::now();
                caller.must(&mut sender, &call).await?;
                latencies.push(started.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done??);
    }
    Ok(latencies)
}
