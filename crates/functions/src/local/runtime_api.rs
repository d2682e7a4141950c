//! Lambda's Runtime API, as one worker sees it: it asks for an event, answers, and asks for the next.
//!
//! A question for the next event is never refused and never times out: AWS's runtime clients crash on anything but an event.
//! Who is to go is killed instead.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::peer;
use crate::MOST_BYTES;

/// The two sides of one worker's work: what is to be done, and what came of it.
pub(super) struct Desk {
    events: mpsc::Sender<Event>,
    waiting: tokio::sync::Mutex<mpsc::Receiver<Event>>,
    current: Mutex<Option<Current>>,
    /// It asked for an event, so that its code was loaded.
    asked: watch::Sender<bool>,
    /// What it says of an error while its code was loaded.
    init_error: Mutex<Option<Bytes>>,
    /// The last event was handed out.
    taken: AtomicBool,
}

/// An event on its way to the worker.
pub(super) struct Event {
    pub(super) body: Bytes,
    pub(super) headers: HeaderMap,
}

/// What a worker answered.
pub(super) enum Answer {
    Response(Bytes),
    Error(Bytes),
    TooLarge,
}

struct Current {
    request_id: String,
    answer: oneshot::Sender<Answer>,
}

impl Desk {
    pub(super) fn new() -> Arc<Self> {
        let (events, waiting) = mpsc::channel(1);
        Arc::new(Self {
            events,
            waiting: tokio::sync::Mutex::new(waiting),
            current: Mutex::new(None),
            asked: watch::Sender::new(false),
            init_error: Mutex::new(None),
            taken: AtomicBool::new(false),
        })
    }

    /// Puts an event where the worker finds it, and returns where its answer will be.
    pub(super) fn put(&self, request_id: &str, event: Event) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        let current = Current {
            request_id: request_id.to_owned(),
            answer,
        };
        *self.lock() = Some(current);
        self.taken.store(false, Ordering::SeqCst);
        // There is room: one event at a time, and the one before was answered. Else nobody answers this one.
        let _ = self.events.try_send(event);
        answered
    }

    /// Whether the worker has fetched the event that was put last.
    pub(super) fn was_taken(&self) -> bool {
        self.taken.load(Ordering::SeqCst)
    }

    /// Returns once the worker has asked for an event.
    pub(super) async fn asked(&self) {
        let mut asked = self.asked.subscribe();
        // The sender is ours, so that it is there.
        let _ = asked.wait_for(|asked| *asked).await;
    }

    /// What the worker said of an error while its code was loaded.
    pub(super) fn init_error(&self) -> Option<Bytes> {
        self.init_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    async fn next(&self) -> Response<Full<Bytes>> {
        self.asked.send_replace(true);
        let mut waiting = self.waiting.lock().await;
        let Some(event) = waiting.recv().await else {
            return std::future::pending().await;
        };
        self.taken.store(true, Ordering::SeqCst);
        let mut response = Response::new(Full::new(event.body));
        *response.headers_mut() = event.headers;
        response
    }

    fn answer(&self, request_id: &str, answer: Answer) -> StatusCode {
        let accepted = match &answer {
            Answer::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            _ => StatusCode::ACCEPTED,
        };
        let mut current = self.lock();
        match current.take() {
            Some(it) if it.request_id == request_id => {
                // Nobody waits any more where the call was given up.
                let _ = it.answer.send(answer);
                accepted
            }
            other => {
                *current = other;
                StatusCode::BAD_REQUEST
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Current>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Serves one worker until it is dropped. Where the worker has a user of its own, others are not listened to.
pub(super) async fn serve(desk: Arc<Desk>, listener: TcpListener, user: Option<u32>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if connections.len() < MOST_CONNECTIONS => {
                let Ok((stream, from)) = accepted else {
                    tokio::task::yield_now().await;
                    continue;
                };
                if let Some(user) = user && !is_of(user, from, &listener).await {
                    tracing::warn!(%from, "a stranger connected to the runtime API of a worker");
                    continue;
                }
                let desk = Arc::clone(&desk);
                connections.spawn(async move {
                    let service = service_fn(move |request| respond(Arc::clone(&desk), request));
                    let served = hyper::server::conn::http1::Builder::new()
                        .header_read_timeout(None)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                    if let Err(cause) = served {
                        tracing::debug!(%cause, "a worker's connection ended early");
                    }
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn is_of(user: u32, from: SocketAddr, listener: &TcpListener) -> bool {
    match listener.local_addr() {
        Ok(to) => tokio::task::spawn_blocking(move || peer::user_of(from, to) == Some(user))
            .await
            .unwrap_or(false),
        Err(_) => false,
    }
}

async fn respond(desk: Arc<Desk>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let Some(path) = head.uri.path().strip_prefix("/2018-06-01/runtime/") else {
        return Ok(said(
            StatusCode::NOT_FOUND,
            "there is no such call of the Runtime API",
        ));
    };
    let parts: Vec<&str> = path.split('/').collect();
    Ok(match (&head.method, parts.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => desk.next().await,
        (&Method::POST, ["invocation", id, "response"]) => {
            // A runtime that streams its answer says in a trailer that it failed half-way.
            let answer = match read(body).await {
                Read::Whole { error: true, bytes } => Answer::Error(bytes),
                Read::Whole { bytes, .. } => Answer::Response(bytes),
                Read::TooLarge => Answer::TooLarge,
                Read::CutOff => return Ok(said(StatusCode::BAD_REQUEST, "the body ended early")),
            };
            accepted(desk.answer(id, answer))
        }
        (&Method::POST, ["invocation", id, "error"]) => match read(body).await {
            Read::Whole { bytes, .. } => accepted(desk.answer(id, Answer::Error(bytes))),
            Read::TooLarge => accepted(desk.answer(id, Answer::TooLarge)),
            Read::CutOff => said(StatusCode::BAD_REQUEST, "the body ended early"),
        },
        (&Method::POST, ["init", "error"] | ["restore", "error"]) => {
            if let Read::Whole { bytes, .. } = read(body).await {
                *desk.init_error.lock().unwrap_or_else(PoisonError::into_inner) = Some(bytes);
                // Whoever waits for the worker's first question learns it now.
                desk.asked.send_replace(true);
            }
            accepted(StatusCode::ACCEPTED)
        }
        // Snapshots are not taken, so that there is nothing to wait for after one.
        (&Method::GET, ["restore", "next"]) => Response::new(Full::default()),
        _ => said(StatusCode::NOT_FOUND, "there is no such call of the Runtime API"),
    })
}

enum Read {
    Whole { bytes: Bytes, error: bool },
    TooLarge,
    CutOff,
}

async fn read(body: Incoming) -> Read {
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(whole) => Read::Whole {
            error: whole
                .trailers()
                .is_some_and(|it| it.contains_key("lambda-runtime-function-error-type")),
            bytes: whole.to_bytes(),
        },
        Err(cause) if cause.is::<http_body_util::LengthLimitError>() => Read::TooLarge,
        Err(_) => Read::CutOff,
    }
}

fn accepted(status: StatusCode) -> Response<Full<Bytes>> {
    match status {
        StatusCode::ACCEPTED => {
            let mut response = Response::new(Full::from(r#"{"status":"OK"}"#));
            *response.status_mut() = status;
            response
        }
        StatusCode::PAYLOAD_TOO_LARGE => said(status, "the answer is larger than may be"),
        _ => said(status, "no such request is being worked on"),
    }
}

fn said(status: StatusCode, message: &str) -> Response<Full<Bytes>> {
    let error_type = match status {
        StatusCode::NOT_FOUND => "NotFound",
        StatusCode::PAYLOAD_TOO_LARGE => "RequestEntityTooLarge",
        _ => "InvalidRequestID",
    };
    let error = serde_json::json!({ "errorMessage": message, "errorType": error_type });
    let mut response = Response::new(Full::from(error.to_string()));
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// A runtime client has one or two.
const MOST_CONNECTIONS: usize = 16;
