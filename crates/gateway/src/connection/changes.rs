//! What changes in the registry while a client is connected.

use std::net::SocketAddr;

use thingsmith_core::decisions::Stage;
use thingsmith_mqtt::DisconnectReason;

use super::client::Client;
use crate::refusal;

/// Waits until something changed that may have to do with the client; for ever before there is one.
pub(super) async fn changed(client: Option<&Client>) {
    match client {
        None => std::future::pending().await,
        Some(client) => client.principal.changed().await,
    }
}

/// Decides anew whether a client may stay as it is, and why not.
///
/// A client that may no longer connect leaves; so does one with a subscription that it may no longer have. AWS does not
/// say what becomes of such a subscription. Taking it away in silence would leave a device deaf without its knowing; one
/// that is cut off subscribes again and is told.
pub(super) async fn reconsider(client: &mut Client, peer: SocketAddr) -> Option<DisconnectReason> {
    if client.principal.is_over() {
        return Some(DisconnectReason::WebsocketTtlExpiration);
    }
    let filters = client.place.filters.keys().map(String::as_str);
    match client.principal.may_stay(filters).await {
        Ok(None) => None,
        Ok(Some((action, resource, answer))) => {
            let deeds = &client.place.gateway.deeds;
            refusal::denied(
                deeds,
                Stage::Stay,
                &client.principal,
                peer,
                action,
                &resource,
                &answer,
            );
            Some(DisconnectReason::ForbiddenAccess)
        }
        Err(cause) => {
            tracing::error!(%peer, %cause, "the store did not answer whether a client may stay");
            Some(DisconnectReason::ServerError)
        }
    }
}
