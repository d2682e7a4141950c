//! `GET /mqtt`: MQTT in a WebSocket that begins with a signature (guide, "MQTT over WebSocket").

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::upgrade::{OnUpgrade, on};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use thingsmith_core::connections::Signatory;

use super::reply::{Refused, response};
use super::rewound::Rewound;
use super::{Visitor, publish, signature};
use crate::doors::Spoken;
use crate::gateway::Gateway;
use crate::refusal;
use crate::tls::AdmittedStream;
use crate::websocket::{NoHandshake, Offer, WebSocket};

/// Where a WebSocket opens.
pub(super) const PATH: &str = "/mqtt";

/// The WebSocket that a connection becomes, once its answer has left.
#[derive(Default)]
pub(super) struct Opening {
    agreed: Mutex<Option<(OnUpgrade, Signatory)>>,
}

impl Opening {
    fn agree(&self, upgrade: OnUpgrade, signatory: Signatory) {
        *self.agreed.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, signatory));
    }

    /// The WebSocket and whose it is, if one was agreed on. To be asked when the connection speaks HTTP no more.
    pub(super) async fn opened(&self) -> Option<(WebSocket<AdmittedStream>, Signatory)> {
        let agreed = self.agreed.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (upgrade, signatory) = agreed?;
        let upgraded = upgrade.await.ok()?;
        // INVARIANT: it was made of this.
        let parts = upgraded.downcast::<TokioIo<Rewound>>().ok()?;
        let stream = parts.io.into_inner().into_inner();
        Some((WebSocket::new(stream, parts.read_buf), signatory))
    }
}

/// Answers the request for a WebSocket.
pub(super) async fn respond(
    gateway: &Arc<Gateway>,
    visitor: &Visitor,
    opening: &Opening,
    mut request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let upgrade = on(&mut request);
    let (head, _) = request.into_parts();
    match open(gateway, visitor, &head).await {
        Ok((offer, signatory)) => {
            opening.agree(upgrade, signatory);
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
            response.headers_mut().extend(offer.answer());
            response
        }
        Err(refused) => {
            let trace_id = publish::trace_id(gateway);
            tracing::debug!(peer = %visitor.address, %trace_id, ?refused, "request refused");
            response(Err(refused), trace_id)
        }
    }
}

async fn open(gateway: &Gateway, visitor: &Visitor, head: &Parts) -> Result<(Offer, Signatory), Refused> {
    if !matches!(visitor.spoken, Spoken::Either | Spoken::SignedWebSocket) {
        let reason = "the domain configuration says HTTPS and no WebSocket";
        refusal::protocol(
            &gateway.deeds,
            visitor.address,
            visitor.server_name.as_deref(),
            reason,
        );
        return Err(Refused::not_found(PATH));
    }
    let offer = Offer::read(head).map_err(|error| match error {
        NoHandshake::NoUpgrade | NoHandshake::Version => Refused::upgrade_required(error.to_string()),
        NoHandshake::Key | NoHandshake::Protocol => Refused::invalid(error.to_string()),
    })?;
    if !signature::is_signed(head) {
        let reason = "a WebSocket needs a signature: in the query, or in the header Authorization";
        refusal::protocol(
            &gateway.deeds,
            visitor.address,
            visitor.server_name.as_deref(),
            reason,
        );
        return Err(Refused::no_credential());
    }
    let signatory = signature::prove(gateway, visitor, head, b"").await?;
    Ok((offer, signatory))
}
