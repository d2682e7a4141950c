//! HTTP/1.1 over the connections of a listener.

use std::convert::Infallible;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use http_body_util::{Either, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use thingsmith_ports::ObjectError;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::Api;
use crate::dispatch::{Noted, Source};
use crate::own;
use crate::protocol::{Refusal, Reply, rest_json};
use crate::s3::{self, S3Body, S3Reply};
use crate::tls::Tls;

/// Serves a listener until `shutdown` is done; then lets requests that are under way end, for as long as the
/// configuration says.
pub async fn serve(api: Arc<Api>, listener: TcpListener, shutdown: impl Future<Output = ()> + Send) {
    serve_over(api, listener, None, shutdown).await;
}

/// As [`serve`], over TLS.
pub async fn serve_tls(
    api: Arc<Api>,
    listener: TcpListener,
    tls: Tls,
    shutdown: impl Future<Output = ()> + Send,
) {
    serve_over(api, listener, Some(tls), shutdown).await;
}

async fn serve_over(
    api: Arc<Api>,
    listener: TcpListener,
    tls: Option<Tls>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let permits = Arc::new(Semaphore::new(api.config.connections));
    let (end, ending) = watch::channel(false);
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    loop {
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            (stream, source, permit) = accept(&listener, &permits) => {
                let (api, tls, ending) = (Arc::clone(&api), tls.clone(), ending.clone());
                connections.spawn(async move {
                    match tls {
                        None => connection(api, stream, source, ending).await,
                        Some(tls) => over_tls(&tls, api, stream, source, ending).await,
                    }
                    drop(permit);
                });
            }
        }
    }
    drop(listener);
    end.send_replace(true);
    let drained = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(api.config.drain_timeout, drained)
        .await
        .is_err()
    {
        tracing::warn!(
            connections = connections.len(),
            "connections are closed with requests under way"
        );
    }
    connections.shutdown().await;
}

/// Shakes hands, within the time that a request's head may take, and serves the connection.
async fn over_tls(
    tls: &Tls,
    api: Arc<Api>,
    stream: TcpStream,
    source: Source,
    mut ending: watch::Receiver<bool>,
) {
    let handshake = tokio::time::timeout(api.config.head_timeout, tls.accept(stream));
    let outcome = tokio::select! {
        outcome = handshake => outcome,
        _ = ending.changed() => return,
    };
    match outcome {
        Ok(Ok(stream)) => {
            let source = Source {
                secure: true,
                ..source
            };
            connection(api, stream, source, ending).await;
        }
        // A client that goes away, or does not trust us, is no event.
        Ok(Err(error)) => tracing::debug!(peer = %source.peer, %error, "a handshake ended early"),
        Err(_) => tracing::debug!(peer = %source.peer, "a handshake took too long"),
    }
}

/// Serves one connection; once `ending` says so, only until the request that is under way is answered.
async fn connection(
    api: Arc<Api>,
    stream: impl AsyncRead + AsyncWrite + Unpin,
    source: Source,
    mut ending: watch::Receiver<bool>,
) {
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(api.config.head_timeout)
        .max_buf_size(HEAD_BYTES);
    let service = service_fn(move |request| respond(Arc::clone(&api), source, request));
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        _ = ending.changed() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // A client that goes away or talks no HTTP is no event.
    if let Err(error) = outcome {
        tracing::debug!(peer = %source.peer, %error, "a connection ended early");
    }
}

/// Most bytes of a request's head; what does not fit is answered 431.
const HEAD_BYTES: usize = 64 * 1024;

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> (TcpStream, Source, OwnedSemaphorePermit) {
    let permit = Arc::clone(permits)
        .acquire_owned()
        .await
        .expect("the semaphore is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small and go out whole: waiting for more to send only delays them.
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%peer, %error, "a connection is gone already");
                }
                return (stream, Source { peer, secure: false }, permit);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                // Out of file descriptors: some will be free in a moment.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn respond(
    api: Arc<Api>,
    source: Source,
    request: Request<Incoming>,
) -> Result<Response<ReplyBody>, Infallible> {
    let began = Instant::now();
    let mut id = [0; 16];
    api.deeds.random().fill(&mut id);
    let id = uuid::Builder::from_random_bytes(id).into_uuid();
    let (head, body) = request.into_parts();
    let mut noted = Noted::default();
    let refused = if api.config.dev {
        own::guard(&head).err()
    } else {
        None
    };
    let reply = match refused {
        Some(error) => rest_json::refusal(&api.iot.model, &Refusal::Edge(error)),
        None if s3::is_meant(&head) => {
            let reply = api.answer_s3(&head, body, source, id, &mut noted).await;
            api.deeds
                .metrics()
                .request(noted.operation.as_deref(), reply.status);
            log(reply.status, reply.error, &noted, id, began.elapsed());
            return Ok(s3_response(reply));
        }
        None => match api.answer_own(&head).await {
            Some(reply) => reply,
            None => api.answer(&head, body, source, id, &mut noted).await,
        },
    };
    api.deeds
        .metrics()
        .request(noted.operation.as_deref(), reply.status);
    log(
        reply.status,
        reply.error_type.as_deref(),
        &noted,
        id,
        began.elapsed(),
    );
    Ok(response(reply, id))
}

/// What is sent: bytes that are there, or an object's while they are read.
type ReplyBody = Either<Full<Bytes>, StreamBody<ObjectFrames>>;
type ObjectFrames = Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, ObjectError>> + Send>>;

fn status(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn s3_response(reply: S3Reply) -> Response<ReplyBody> {
    let mut response = Response::new(match reply.body {
        S3Body::Bytes(bytes) => Either::Left(Full::new(bytes)),
        S3Body::Stream(bytes) => Either::Right(StreamBody::new(Box::pin(bytes.map_ok(Frame::data)) as _)),
    });
    *response.status_mut() = status(reply.status);
    let headers = response.headers_mut();
    for (name, value) in reply.headers {
        // Metadata may be any UTF-8.
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), value) {
            headers.insert(name, value);
        }
    }
    response
}

fn response(reply: Reply, id: Uuid) -> Response<ReplyBody> {
    let mut response = Response::new(Either::Left(Full::new(reply.body)));
    *response.status_mut() = status(reply.status);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    if let Ok(id) = HeaderValue::try_from(id.to_string()) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    if let Some(error_type) = reply.error_type.and_then(|it| HeaderValue::try_from(it).ok()) {
        headers.insert(HeaderName::from_static("x-amzn-errortype"), error_type);
    }
    for (name, value) in reply.headers {
        let name = HeaderName::try_from(name);
        // What cannot be a header's value is left out rather than breaking the answer.
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    }
    response
}

/// One line for each request. Successes are the ordinary case and stand a level lower.
fn log(status: u16, error: Option<&str>, noted: &Noted, request_id: Uuid, duration: Duration) {
    let duration_ms = duration.as_secs_f64() * 1e3;
    let operation = noted.operation.as_deref();
    let access_key_id = noted.access_key_id.as_deref();
    match error {
        None => {
            tracing::debug!(operation, status, duration_ms, %request_id, access_key_id, "request answered");
        }
        Some(error) => {
            tracing::info!(operation, status, error, duration_ms, %request_id, access_key_id, "request refused");
        }
    }
}
