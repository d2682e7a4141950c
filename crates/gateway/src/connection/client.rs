//! Who is connected, and what is given back when the connection ends.

use std::collections::HashMap;
use std::sync::Arc;

use thingsmith_core::clients::{Leave, Receipt, Seat};
use thingsmith_core::connections::{Answer, Principal};
use thingsmith_core::events::Lifecycle;
use thingsmith_core::messages::sessions::Connected;
use thingsmith_core::messages::{Deliveries, Subscriber};
use thingsmith_core::quotas::Counted;
use thingsmith_core::rules::Origin;
use thingsmith_model::Timestamp;
use thingsmith_mqtt::{DeliveryId, Qos, TopicFilter, Will};

use super::provisioning::Requests;
use crate::gateway::Gateway;

/// A client that was accepted.
pub(super) struct Client {
    pub(super) principal: Principal,
    /// As which connection its lifecycle events name it.
    pub(super) lifecycle: Lifecycle,
    pub(super) queue: Deliveries,
    pub(super) place: Place,
    /// Its session, if that outlives the connection or was there before it.
    pub(super) session: Option<Connected>,
    /// What it asked for and was not answered yet.
    pub(super) requests: Requests,
    pub(super) will: Option<Will>,
    /// What CONNECT said.
    pub(super) keep_alive_seconds: u16,
    pub(super) connected_at: Timestamp,
    /// How it is to leave, if an operator wants it to.
    pub(super) leave: Option<Leave>,
    /// Who wants to know what becomes of a message that was sent.
    pub(super) receipts: Vec<(DeliveryId, Receipt)>,
    /// The last refusal to receive that was written down.
    pub(super) receive_denied: Option<Answer>,
}

impl Client {
    /// Whose messages its are.
    pub(super) fn origin(&self) -> Origin<'_> {
        Origin::Device {
            principal: &self.principal,
            subscriber: Some(&self.place.subscriber),
        }
    }
}

/// A client's place among the others. Dropping it gives back the client id and, unless a session keeps them, the
/// subscriptions.
pub(super) struct Place {
    pub(super) gateway: Arc<Gateway>,
    pub(super) subscriber: Subscriber,
    pub(super) seat: Seat,
    pub(super) filters: HashMap<String, (TopicFilter, Qos)>,
    /// Its count among its account's, where these are counted.
    pub(super) _counted: Option<Counted>,
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.subscriber.is_session() {
            return;
        }
        let realm = self.seat.realm();
        for (filter, _) in self.filters.values() {
            self.gateway
                .deeds
                .router()
                .unsubscribe(realm, &self.subscriber, filter);
        }
    }
}
