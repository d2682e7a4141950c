//! Retained messages for whoever has just subscribed.

use thingsmith_core::messages::retained;
use thingsmith_mqtt::{Action, Grant, Message, Qos, RetainHandling, Subscription};
use thingsmith_ports::StoreError;

use super::Connection;
use crate::refusal;

/// A retained message, and the quality of service to deliver it with.
pub(super) type Retained = (Message, Qos);

impl Connection {
    /// What a subscription that was granted brings at once. It is read after the router has the subscription: whatever is
    /// retained meanwhile comes in one way or the other.
    pub(super) async fn retained_for(
        &self,
        subscription: &Subscription,
        grant: Grant,
        is_new: bool,
    ) -> Result<Option<Retained>, StoreError> {
        let (Some(client), Grant::Granted(qos)) = (&self.client, grant) else {
            return Ok(None);
        };
        // Nothing is retained on a reserved topic: what clients publish there is a request or for a rule (`reserved`), and rules and
        // events do not retain. Most who subscribe to some come by a claim and subscribe to several.
        if subscription.filter.is_reserved() {
            return Ok(None);
        }
        match subscription.options.retain_handling {
            RetainHandling::DoNotSend => return Ok(None),
            RetainHandling::SendIfNew if !is_new => return Ok(None),
            RetainHandling::Send | RetainHandling::SendIfNew => {}
        }
        let realm = client.principal.realm().realm;
        let found = retained::for_subscription(&self.gateway.deeds, realm, &subscription.filter).await?;
        Ok(found.map(|(message, its)| (message, its.min(qos))))
    }

    /// Delivers them behind SUBACK, each only if the client may receive it.
    pub(super) async fn deliver_retained(&mut self, retained: Vec<Retained>, actions: &mut Vec<Action>) {
        for (message, qos) in retained {
            match self.may_receive(message.topic.as_str(), actions).await {
                Ok(true) => {
                    self.dispatch(message, qos, 0, actions);
                }
                Ok(false) => {}
                Err(cause) => {
                    refusal::store_failed(self.peer.address, &cause.into());
                    return;
                }
            }
        }
    }
}
