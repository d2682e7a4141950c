//! The admin port: `GET /metrics` for Prometheus.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use thingsmith_core::Deeds;
use thingsmith_core::metrics::Page;
use thingsmith_ports::RsaKeys;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// Connections at once; a scraper or two need one each.
const CONNECTIONS: usize = 16;
/// Time for a request's head, and for the silence between two.
const HEAD: Duration = Duration::from_secs(30);

/// What the admin port shows.
pub(crate) struct Admin {
    pub(crate) deeds: Arc<Deeds>,
    pub(crate) rsa_keys: Arc<dyn RsaKeys>,
}

/// Serves the admin port until the server stops.
pub(crate) async fn serve(admin: Arc<Admin>, listener: TcpListener, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut connections = JoinSet::new();
    let mut stop = pin!(async move { drop(stopped.wait_for(|stop| *stop).await) });
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        tokio::select! {
            (accepted, place) = accepted => match accepted {
                Ok((stream, _)) => {
                    let admin = Arc::clone(&admin);
                    connections.spawn(async move {
                        converse(admin, stream).await;
                        drop(place);
                    });
                }
                Err(cause) => {
                    tracing::warn!(%cause, "no connection to the admin port could be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            () = &mut stop => break,
        }
    }
    connections.shutdown().await;
}

async fn converse(admin: Arc<Admin>, stream: TcpStream) {
    let service = service_fn(move |request: Request<Incoming>| {
        let response = admin.respond(&request);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut builder = hyper::server::conn::http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(16 * 1024);
    let connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    if let Err(cause) = connection.await {
        tracing::debug!(%cause, "a connection to the admin port ended early");
    }
}

impl Admin {
    fn respond(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        if request.uri().path() != "/metrics" {
            *response.status_mut() = StatusCode::NOT_FOUND;
        } else if !matches!(*request.method(), Method::GET | Method::HEAD) {
            *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        } else {
            let content_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, content_type);
            *response.body_mut() = Full::new(Bytes::from(self.page()));
        }
        response
    }

    fn page(&self) -> String {
        let mut page = Page::default();
        self.deeds.metrics().write(&mut page);
        let behind = self.deeds.watches().last_read().map(|at| {
            let behind = self
                .deeds
                .clock()
                .now()
                .as_millis()
                .saturating_sub(at.as_millis());
            behind.max(0) as f64 / 1000.0
        });
        if let Some(behind) = behind {
            page.gauge(
                "outbox_lag_seconds",
                "How long ago this node last read all that other nodes have changed.",
            )
            .value(&[], behind);
        }
        page.gauge(
            "watched_objects",
            "Objects of the registry that connections of this node depend on.",
        )
        .value(&[], self.deeds.watches().len() as f64);
        page.gauge(
            "rsa_keys_ready",
            "RSA keys that stand ready for CreateKeysAndCertificate.",
        )
        .value(&[], self.rsa_keys.ready() as f64);
        page.gauge(
            "rules_waiting_bytes",
            "Bytes that wait in the queues of the topic rules of this node.",
        )
        .value(&[], self.deeds.rules().waiting_bytes() as f64);
        page.into_text()
    }
}
