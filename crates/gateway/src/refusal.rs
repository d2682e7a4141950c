//! What is written down when somebody is refused: the wire tells the device nothing, so the log tells the operator all.

use std::net::SocketAddr;

use thingsmith_core::Fault;
use thingsmith_core::connections::{Answer, Principal, Refusal};
use thingsmith_core::realms::RealmRecord;
use thingsmith_mqtt::{DisconnectReason, MqttError};

use crate::tls::{Reason, Refused};

/// Writes down that a client did not come through its handshake.
pub(crate) fn handshake(peer: SocketAddr, refused: &Refused<Refusal>) {
    let server_name = refused
        .hello
        .as_ref()
        .and_then(|hello| hello.server_name.as_deref())
        .unwrap_or("none");
    let stage = format!("{:?}", refused.stage);
    match &refused.reason {
        Reason::Verdict(Refusal::Store(cause)) => {
            tracing::error!(%peer, server_name, stage, %cause, "connection refused: the store did not answer");
        }
        Reason::Verdict(reason) => tracing::info!(%peer, server_name, stage, %reason, "connection refused"),
        // Somebody who leaves is not refused: port scans and health probes come this way.
        Reason::PeerClosed => {
            tracing::debug!(%peer, server_name, stage, "the client left during the handshake")
        }
        reason => tracing::info!(%peer, server_name, stage, %reason, "handshake failed"),
    }
}

/// Writes down that a principal may not do what it wants, and which statement said so.
pub(crate) fn denied(principal: &Principal, peer: SocketAddr, action: &str, resource: &str, answer: &Answer) {
    let realm: &RealmRecord = principal.realm();
    let decided_by = match (&answer.decided_by, answer.active) {
        (_, false) => "the certificate is not active any more".to_owned(),
        (Some(by), true) => format!(
            "statement {} of policy {} version {}",
            by.statement, by.policy, by.version
        ),
        (None, true) => "no statement of an attached policy allows it".to_owned(),
    };
    tracing::info!(
        %peer,
        account = %realm.account,
        region = %realm.region,
        certificate_id = %principal.certificate_id(),
        client_id = principal.client_id(),
        action,
        resource,
        decided_by,
        "not authorized"
    );
}

/// Writes down that the store did not answer what a connection needed of it.
pub(crate) fn store_failed(peer: SocketAddr, fault: &Fault) {
    let cause = fault.cause.as_deref().map(ToString::to_string);
    tracing::error!(%peer, %fault, cause, "the store did not answer");
}

/// Writes down the end of a connection.
pub(crate) fn ended(
    peer: SocketAddr,
    client_id: Option<&str>,
    reason: DisconnectReason,
    cause: Option<&MqttError>,
) {
    let reason = reason.as_str();
    let client_id = client_id.unwrap_or("none");
    match cause {
        Some(cause) => tracing::info!(%peer, client_id, reason, %cause, "connection closed"),
        None => tracing::debug!(%peer, client_id, reason, "connection closed"),
    }
}
