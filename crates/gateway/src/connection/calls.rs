//! What others want of a connection: its client id for another one, that it ends, what there is to say of it. And messages
//! for its client alone.

use thingsmith_core::clients::{Call, Leave, Receipt, Received, Report};
use thingsmith_mqtt::{DeliveryId, DisconnectReason, Qos, Session};

use super::client::Client;
use super::{Connection, Peer};

/// Takes a call, and says why the connection is to end if it is.
pub(super) fn take(
    client: &mut Client,
    call: Call,
    session: &Session,
    peer: &Peer,
) -> Option<DisconnectReason> {
    match call {
        Call::TakenOver => Some(DisconnectReason::DuplicateClientId),
        Call::Leave(leave) => {
            client.leave = Some(leave);
            Some(DisconnectReason::ApiInitiatedDisconnect)
        }
        Call::Report(sender) => {
            // Whoever asked may have lost patience.
            sender.send(report(client, session, peer)).ok();
            None
        }
    }
}

/// What there is to say of a client's connection.
pub(super) fn report(client: &Client, session: &Session, peer: &Peer) -> Report {
    let filters = client.place.filters.iter();
    let mut subscriptions: Vec<(String, u8)> = filters
        .map(|(filter, (_, qos))| (filter.clone(), *qos as u8))
        .collect();
    subscriptions.sort_unstable();
    Report {
        thing_name: client.principal.thing_name().map(str::to_owned),
        keep_alive_seconds: client.keep_alive_seconds,
        connected_at: client.connected_at,
        session_expiry_seconds: match client.session {
            Some(_) => session.session_expiry_seconds(),
            None => 0,
        },
        source: peer.address,
        target: peer.local,
        subscriptions,
    }
}

/// Waits for a call; for ever before there is a client.
pub(super) async fn called(client: Option<&Client>) -> Call {
    match client {
        None => std::future::pending().await,
        Some(client) => client.place.seat.call().await,
    }
}

/// Tells that a connection is gone, if somebody wanted it to go.
pub(super) fn tell_gone(leave: Option<Leave>, ended: Result<(), String>) {
    if let Some(leave) = leave {
        leave.done.send(ended).ok();
    }
}

impl Connection {
    /// Remembers whom to tell what becomes of a message, or tells it if that is known.
    pub(super) fn expect_receipt(&mut self, receipt: Receipt, qos: Qos, sent: Option<DeliveryId>) {
        match (sent, &mut self.client) {
            (Some(id), Some(client)) if qos > Qos::AtMostOnce => client.receipts.push((id, receipt)),
            (Some(_), _) => receipt.tell(Received::Delivered),
            (None, _) => receipt.tell(Received::Dropped),
        }
    }

    /// Tells what became of a message, if somebody wants to know.
    pub(super) fn received(&mut self, id: DeliveryId, received: Received) {
        let Some(client) = &mut self.client else { return };
        if let Some(place) = client.receipts.iter().position(|(expected, _)| *expected == id) {
            client.receipts.swap_remove(place).1.tell(received);
        }
    }
}
