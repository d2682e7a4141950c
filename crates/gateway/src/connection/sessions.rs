//! Sessions that outlive their connections.

use std::sync::Arc;

use thingsmith_core::Fault;
use thingsmith_core::clients::{Departure, Report};
use thingsmith_core::messages::sessions::{self, Connected, Opened};
use thingsmith_core::quotas::Quota;
use thingsmith_mqtt::{Action, DeliveryId, DisconnectReason, Qos};

use super::client::Client;
use super::{Connection, calls, wills};
use crate::refusal;

/// Waits until a session may have messages in the store; for ever where there is none.
pub(super) async fn ready(session: Option<&mut Connected>) {
    match session {
        Some(session) => session.ready().await,
        None => std::future::pending().await,
    }
}

impl Connection {
    /// Opens the session of a client that has taken its seat, and settles what became of a will that waited.
    pub(super) async fn open_session(&self, client: &mut Client, clean_start: bool) -> Result<bool, Fault> {
        let realm = client.principal.realm().realm;
        let Opened {
            session,
            present,
            filters,
        } = sessions::open(
            &self.gateway.deeds,
            realm,
            client.principal.client_id(),
            clean_start,
            self.session.session_expiry_seconds(),
            &mut client.place.subscriber,
        )
        .await?;
        client.session = session;
        for (filter, qos) in filters {
            let text = filter.as_str().to_owned();
            client.place.filters.insert(text, (filter, qos));
        }
        // MQTT 5, 3.1.3.2.2: a will that waits is published when its session ends, and not if its client is back before.
        if let Some(will) = self.gateway.wills.take(realm, client.principal.client_id())
            && !present
        {
            wills::execute(Arc::clone(&self.gateway), will).await;
        }
        Ok(present)
    }

    /// Delivers what waits in the store, each message only if the client may receive it now.
    pub(super) async fn deliver_stored(&mut self, actions: &mut Vec<Action>) {
        if let Err(fault) = self.try_deliver_stored(actions).await {
            refusal::store_failed(self.peer.address, &fault);
            self.session.close(DisconnectReason::ServerError, actions);
        }
    }

    async fn try_deliver_stored(&mut self, actions: &mut Vec<Action>) -> Result<(), Fault> {
        let Some(session) = self.kept_session() else {
            return Ok(());
        };
        for (number, message, shared) in session.next().await? {
            if self.session.is_closed() {
                return Ok(());
            }
            let sent = match self.may_receive(message.topic.as_str(), actions).await? {
                true => {
                    self.count_stored();
                    self.dispatch(message, Qos::AtLeastOnce, 0, actions)
                }
                false => {
                    // Else it keeps what waits for it.
                    if let Some(shared) = shared.filter(|_| !self.session.is_closed()) {
                        Box::pin(self.hand_on(message, *shared)).await?;
                    }
                    None
                }
            };
            let closed = self.session.is_closed();
            if let Some(session) = self.kept_session() {
                match sent {
                    Some(id) => session.sent(number, id.0),
                    // A client that is not allowed any more keeps what waits for it; one that may not have this message
                    // does not get it later either.
                    None if closed => {}
                    None => session.done(number),
                }
            }
            self.carry_out(actions).await;
        }
        Ok(())
    }

    /// Counts a message out of the store, where it would wait for ever if it was left out. It goes although it may be one
    /// too many; the next ones wait for that.
    fn count_stored(&mut self) {
        let deeds = &self.gateway.deeds;
        if let Some(throttle) = &mut self.throttle {
            throttle.sent_stored(deeds.clock().now());
        }
        if let Some(client) = &self.client {
            // The account's count is taken along, whatever is left of it.
            let _ = deeds.is_within(client.principal.realm().realm, Quota::PublishOut);
        }
    }

    /// The client has a message, or will never have it.
    pub(super) fn acknowledged(&mut self, id: DeliveryId) {
        if let Some(session) = self.kept_session() {
            session.acknowledged(id.0);
        }
    }

    /// Whether something is to be deleted that the client has acknowledged.
    pub(super) fn is_unsettled(&mut self) -> bool {
        self.kept_session().is_some_and(|session| session.is_unsettled())
    }

    /// Deletes what the client has acknowledged in this turn.
    pub(super) async fn settle_session(&mut self, actions: &mut Vec<Action>) {
        let address = self.peer.address;
        if let Some(session) = self.kept_session()
            && session.is_unsettled()
            && let Err(cause) = session.settle().await
        {
            refusal::store_failed(address, &cause.into());
            self.session.close(DisconnectReason::ServerError, actions);
        }
    }

    fn kept_session(&mut self) -> Option<&mut Connected> {
        self.client.as_mut()?.session.as_mut()
    }

    /// Takes leave of a client whose connection is over: its session waits for it, its place becomes free, its will is
    /// published.
    pub(super) async fn leave(&self, client: Client, reason: DisconnectReason, publish_will: bool) {
        let departure = Departure {
            report: Report {
                subscriptions: Vec::new(),
                ..calls::report(&client, &self.session, &self.peer)
            },
            at: self.gateway.deeds.clock().now(),
            reason: reason.as_str().to_owned(),
        };
        let Client {
            principal,
            place,
            session,
            will,
            leave,
            ..
        } = client;
        let (clean_session, prevent_will) = leave
            .as_ref()
            .map_or((false, false), |leave| (leave.clean_session, leave.prevent_will));
        let expiry_seconds = match &session {
            Some(_) if !clean_session => self.session.session_expiry_seconds(),
            _ => 0,
        };
        let peer = self.peer.address;
        let will = will
            .filter(|_| publish_will && !prevent_will)
            .and_then(|will| wills::to_execute(&self.gateway, principal, peer, will, reason, expiry_seconds));
        let mut ended = Ok(());
        if let Some(session) = session
            && let Err(cause) = session.close(Some(expiry_seconds)).await
        {
            ended = Err(cause.to_string());
            refusal::store_failed(self.peer.address, &cause.into());
        }
        // Late, so that whoever sees the client gone sees its session waiting.
        place.seat.depart(departure);
        drop(place);
        if let Some(will) = will {
            wills::execute(Arc::clone(&self.gateway), will).await;
        }
        calls::tell_gone(leave, ended);
    }
}
