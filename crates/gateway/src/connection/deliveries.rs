//! Messages to the client.

use thingsmith_core::Fault;
use thingsmith_core::clients::Received;
use thingsmith_core::connections::TopicAction;
use thingsmith_core::decisions::Stage;
use thingsmith_core::messages::{self, Delivery, Shared};
use thingsmith_core::quotas::Quota;
use thingsmith_mqtt::{Action, Delivered, DeliveryId, DisconnectReason, Dispatch, Message, Qos, TopicName};
use thingsmith_ports::StoreError;

use super::Connection;
use crate::refusal;

/// Messages delivered before the socket is looked at again.
const DELIVERIES: usize = 64;
/// Bytes of deliveries gathered before they are sent; the last message may go beyond.
const OUTPUT: usize = 16 * 1024;

impl Connection {
    /// Delivers what waits, each message only if the client may receive it now.
    pub(super) async fn deliver_waiting(&mut self, actions: &mut Vec<Action>) {
        for _ in 0..DELIVERIES {
            let Some(delivery) = self.next_delivery() else {
                return;
            };
            if self.certainly_may_receive(&delivery.message.topic) {
                self.deliver_permitted(delivery, actions);
            } else {
                let delivered = Box::pin(self.deliver(delivery, actions)).await;
                self.look_at_the_clock();
                if let Err(cause) = delivered {
                    tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a delivery");
                    return self.session.close(DisconnectReason::ServerError, actions);
                }
            }
            self.carry_out(actions).await;
        }
    }

    /// The message that waits longest, if one waits and is to be sent together with what was gathered so far.
    fn next_delivery(&mut self) -> Option<Delivery> {
        let client = self.client.as_mut()?;
        let is_full = self.output.len() >= OUTPUT || self.session.is_backlogged();
        if is_full { None } else { client.queue.try_next() }
    }

    /// Whether the client may receive messages on a topic, as far as that is known without waiting.
    fn certainly_may_receive(&mut self, topic: &TopicName) -> bool {
        let client = self.client.as_mut();
        client.is_some_and(|client| {
            client
                .principal
                .certainly_may(TopicAction::Receive, topic, self.now)
        })
    }

    async fn deliver(&mut self, mut delivery: Delivery, actions: &mut Vec<Action>) -> Result<(), StoreError> {
        if self.may_receive(delivery.message.topic.as_str(), actions).await? {
            self.deliver_permitted(delivery, actions);
            return Ok(());
        }
        if let Some(receipt) = delivery.receipt.take() {
            receipt.tell(Received::Denied);
        }
        if let Some((message, shared)) = delivery.into_shared()
            && let Err(fault) = self.hand_on(message, shared).await
        {
            refusal::store_failed(self.peer.address, &fault);
            self.session.close(DisconnectReason::ServerError, actions);
        }
        Ok(())
    }

    /// Leaves a message that the client may not receive to the other members of its group.
    pub(super) async fn hand_on(&self, message: Message, shared: Shared) -> Result<(), Fault> {
        let Some(client) = &self.client else { return Ok(()) };
        let (deeds, realm) = (&self.gateway.deeds, client.principal.realm().realm);
        messages::hand_on(deeds, realm, &client.place.subscriber, message, shared).await
    }

    fn deliver_permitted(&mut self, mut delivery: Delivery, actions: &mut Vec<Action>) {
        let receipt = delivery.receipt.take();
        if !self.may_send() {
            let topic = delivery.message.topic.as_str();
            self.gateway.deeds.metrics().delivery_dropped();
            tracing::debug!(peer = %self.peer.address, topic, "a message was dropped: too many are sent");
            if let Some(receipt) = receipt {
                receipt.tell(Received::Dropped);
            }
            return;
        }
        let (waited_ms, qos) = (delivery.waited_ms(), delivery.qos);
        let sent = self.dispatch(delivery.message, qos, waited_ms, actions);
        if let Some(receipt) = receipt {
            self.expect_receipt(receipt, qos, sent);
        }
    }

    /// Asks whether the client may receive messages on a topic now.
    pub(super) async fn may_receive(
        &mut self,
        topic: &str,
        actions: &mut Vec<Action>,
    ) -> Result<bool, StoreError> {
        let Some(client) = &mut self.client else {
            return Ok(false);
        };
        let answer = client.principal.may_receive(topic).await?;
        if answer.allowed {
            return Ok(true);
        }
        // Once for each reason: whoever publishes must not fill the log of whoever may not receive.
        if client.receive_denied.as_ref() != Some(&answer) {
            refusal::denied(
                &self.gateway.deeds,
                Stage::Receive,
                &client.principal,
                self.peer.address,
                "iot:Receive",
                topic,
                &answer,
            );
        }
        if !answer.active {
            self.session.close(DisconnectReason::ForbiddenAccess, actions);
        }
        client.receive_denied = Some(answer);
        Ok(false)
    }

    /// Hands a message that the client may receive to the session, and gives back the number by which it will be
    /// acknowledged; none if it will never be.
    pub(super) fn dispatch(
        &mut self,
        message: Message,
        qos: Qos,
        waited_ms: u64,
        actions: &mut Vec<Action>,
    ) -> Option<DeliveryId> {
        let client = self.client.as_ref()?;
        self.deliveries += 1;
        let id = DeliveryId(self.deliveries);
        let client_id = client.principal.client_id();
        let dispatch = Dispatch {
            message,
            qos,
            id,
            duplicate: false,
            waited_ms,
        };
        match self.session.deliver(dispatch, self.now_ms, actions) {
            Delivered::Sent | Delivered::Queued => {
                self.gateway.deeds.metrics().message_out();
                return Some(id);
            }
            Delivered::Dropped => {
                tracing::debug!(
                    client_id,
                    "a message was dropped: it expired, or is longer than the client takes"
                );
            }
            Delivered::Overflow(message) | Delivered::NotConnected(message) => {
                self.gateway.deeds.metrics().delivery_dropped();
                tracing::debug!(
                    client_id,
                    topic = message.topic.as_str(),
                    "a message was dropped: the client is slow"
                );
            }
        }
        None
    }

    /// Whether one more message may go to the client, and out of its account, now.
    fn may_send(&mut self) -> bool {
        let deeds = &self.gateway.deeds;
        let realm = self.client.as_ref().map(|client| client.principal.realm().realm);
        self.throttle
            .as_mut()
            .is_none_or(|throttle| throttle.sends_message(deeds.clock().now()))
            && realm.is_some_and(|realm| deeds.is_within(realm, Quota::PublishOut))
    }
}
