//! Ports 8443 and 443: what is spoken there, HTTPS with a client certificate or a signature, MQTT in a WebSocket, and MQTT
//! where ALPN or the first byte says so (guide, "Device communication protocols").

mod publish;
mod reply;
mod rewound;
mod signature;
mod upgrade;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use thingsmith_core::connections::{Admission, Proof};
use thingsmith_core::realms::RealmRecord;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::connection::{self, Peer};
use crate::doors::{MQTT_WITH_CERTIFICATE, Spoken};
use crate::gateway::Gateway;
use crate::refusal;
use crate::tls::AdmittedStream;

use rewound::Rewound;
use upgrade::Opening;

/// The first byte of an MQTT connection: CONNECT. No HTTP method begins so.
const CONNECT: u8 = 0x10;
/// Most bytes of a request's head.
const HEAD_BYTES: usize = 32 * 1024;

/// Who came through the handshake.
pub(crate) struct Visitor {
    pub(crate) address: SocketAddr,
    /// Where it came in.
    pub(crate) local: SocketAddr,
    pub(crate) server_name: Option<String>,
    /// Where its server name leads.
    pub(crate) realm: Option<Arc<RealmRecord>>,
    /// Of its certificate, if it showed one.
    pub(crate) admission: Option<Admission>,
    /// What is spoken where it came in.
    pub(crate) spoken: Spoken,
}

/// Finds out what the client speaks, and speaks it until one of the two ends it.
pub(crate) async fn serve(
    gateway: &Arc<Gateway>,
    mut stream: AdmittedStream,
    visitor: Visitor,
    mut shutdown: watch::Receiver<bool>,
) {
    let mut first = None;
    let is_mqtt = match stream.protocol() {
        Some(protocol) => protocol == MQTT_WITH_CERTIFICATE,
        None => {
            let patience = Duration::from_millis(gateway.config.mqtt.connect_timeout_ms);
            let mut byte = [0; 1];
            let read = tokio::select! {
                read = timeout(patience, stream.read_exact(&mut byte)) => read,
                _ = shutdown.wait_for(|stop| *stop) => return,
            };
            if !matches!(read, Ok(Ok(_))) {
                return tracing::debug!(peer = %visitor.address, "the client said nothing");
            }
            first = Some(byte[0]);
            byte[0] == CONNECT
        }
    };
    if !is_mqtt {
        return converse(gateway, Rewound::new(first, stream), visitor, shutdown).await;
    }
    let Visitor {
        address,
        local,
        server_name,
        admission,
        spoken,
        ..
    } = visitor;
    if spoken != Spoken::Either {
        let reason = "the domain configuration says HTTPS";
        return refusal::protocol(&gateway.deeds, address, server_name.as_deref(), reason);
    }
    let Some(admission) = admission else {
        let reason = "MQTT needs a client certificate here";
        return refusal::protocol(&gateway.deeds, address, server_name.as_deref(), reason);
    };
    let peer = Peer {
        address,
        local,
        server_name,
        proof: Some(Proof::Certificate(admission)),
    };
    connection::serve(Arc::clone(gateway), stream.into(), first, peer, shutdown).await;
}

/// Answers requests until one of them opens a WebSocket; once the server stops, only until the one that is under way is
/// answered.
async fn converse(
    gateway: &Arc<Gateway>,
    stream: Rewound,
    visitor: Visitor,
    mut shutdown: watch::Receiver<bool>,
) {
    let peer = visitor.address;
    let visitor = Arc::new(visitor);
    let opening = Arc::new(Opening::default());
    let service = service_fn(|request| {
        let (gateway, visitor, opening) = (Arc::clone(gateway), Arc::clone(&visitor), Arc::clone(&opening));
        async move { Ok::<_, Infallible>(respond(&gateway, &visitor, &opening, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(gateway.config.https_patience)
        .max_buf_size(HEAD_BYTES);
    let outcome = {
        let connection = builder
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut connection = pin!(connection);
        // What the channel lends must not be held while the last request is answered.
        let stopped = async { drop(shutdown.wait_for(|stop| *stop).await) };
        tokio::select! {
            outcome = connection.as_mut() => outcome,
            () = stopped => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        }
    };
    if let Err(error) = outcome {
        return tracing::debug!(%peer, %error, "a connection ended early");
    }
    if let Some((socket, signatory)) = opening.opened().await {
        let peer = Peer {
            address: peer,
            local: visitor.local,
            server_name: visitor.server_name.clone(),
            proof: Some(Proof::Signature(signatory)),
        };
        connection::serve(Arc::clone(gateway), socket.into(), None, peer, shutdown).await;
    }
}

/// Answers one request.
async fn respond(
    gateway: &Arc<Gateway>,
    visitor: &Visitor,
    opening: &Opening,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    if request.uri().path() == upgrade::PATH {
        return upgrade::respond(gateway, visitor, opening, request).await;
    }
    publish::respond(gateway, visitor, request).await
}
