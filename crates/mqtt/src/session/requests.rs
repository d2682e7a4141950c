//! What a connected client asks for, and the owner's answers.

use std::sync::Arc;

use super::{Action, Answer, DisconnectReason, Pending, Session, State};
use crate::{
    Grant, Message, MqttError, Packet, PacketId, PubAck, Publish, PublishQos, Qos, ReasonCode, SubAck,
    Subscribe, Subscription, UnsubAck, Unsubscribe,
};

impl Session {
    pub(super) fn publish(&mut self, mut publish: Publish, actions: &mut Vec<Action>) {
        // AWS sends no PUBACK for QoS 2; a client that waited for PUBREC would wait for ever.
        if publish.qos.level() == Qos::ExactlyOnce {
            return self.violation(MqttError::Qos2, actions);
        }
        if let Err(error) = self.resolve_alias(&mut publish) {
            return self.violation(error, actions);
        }
        self.bound_expiry(&mut publish.message);
        if let PublishQos::AtLeastOnce(_) = publish.qos {
            self.inbound_in_flight += 1;
        }
        self.pending.push_back(Pending::Publish(publish.qos.packet_id()));
        actions.push(Action::Publish(publish));
    }

    fn resolve_alias(&mut self, publish: &mut Publish) -> Result<(), MqttError> {
        let maximum = self.limits.properties.topic_aliases;
        match (publish.topic_alias.take(), &mut self.five) {
            (Some(alias), Some(five)) => {
                five.inbound_aliases
                    .resolve(alias, &mut publish.message.topic, maximum)
            }
            _ if publish.message.topic.is_absent() => Err(MqttError::NoTopic),
            _ => Ok(()),
        }
    }

    /// AWS, "Message expiry": from one second to the maximum; what is outside becomes the nearest.
    pub(super) fn bound_expiry(&self, message: &mut Message) {
        let Some(asked) = message.expiry_seconds() else {
            return;
        };
        let bounded = asked.clamp(1, self.limits.properties.message_expiry_seconds.max(1));
        if bounded != asked
            && let Some(properties) = &mut message.properties
        {
            Arc::make_mut(properties).message_expiry_seconds = Some(bounded);
        }
    }

    pub(super) fn subscribe(&mut self, subscribe: Subscribe, actions: &mut Vec<Action>) {
        if subscribe.properties.subscription_identifier.is_some() {
            return self.violation(MqttError::SubscriptionIdentifier, actions);
        }
        let packet_id = subscribe.packet_id;
        let requested: Vec<Qos> = subscribe
            .subscriptions
            .iter()
            .map(|subscription| subscription.qos)
            .collect();
        let mut asked: Vec<Subscription> = subscribe.subscriptions;
        asked.retain(|subscription| subscription.qos != Qos::ExactlyOnce);
        if asked.is_empty() {
            return actions.push(subscribed(packet_id, requested, Vec::new()));
        }
        self.pending
            .push_back(Pending::Subscribe { packet_id, requested });
        actions.push(Action::Subscribe(asked));
    }

    pub(super) fn unsubscribe(&mut self, unsubscribe: Unsubscribe, actions: &mut Vec<Action>) {
        let Unsubscribe {
            packet_id, filters, ..
        } = unsubscribe;
        let count = filters.len();
        self.pending.push_back(Pending::Unsubscribe { packet_id, count });
        actions.push(Action::Unsubscribe(filters));
    }

    /// Answers the oldest of [`Action::Publish`], [`Action::Subscribe`] and [`Action::Unsubscribe`] that has no
    /// answer yet. An answer to another question than that is the owner's mistake and ends the connection.
    pub fn answer(&mut self, answer: Answer, now_ms: u64, actions: &mut Vec<Action>) {
        if self.state == State::Closed {
            return;
        }
        if !self.wants_input() {
            self.heard_ms = self.heard_ms.max(now_ms);
        }
        match (self.pending.pop_front(), answer) {
            (Some(_), Answer::Refused(reason)) => self.finish(reason, None, actions),
            (Some(Pending::Publish(packet_id)), Answer::Denied(code, reason)) => {
                self.denied(packet_id, code, reason, actions);
            }
            (Some(Pending::Publish(None)), Answer::Published | Answer::Discarded(_)) => {}
            (Some(Pending::Publish(Some(packet_id))), Answer::Discarded(code)) => {
                self.inbound_in_flight -= 1;
                if self.five.is_some() {
                    actions.push(Action::Send(Packet::PubAck(PubAck::new(packet_id, code))));
                }
            }
            (Some(Pending::Publish(Some(packet_id))), Answer::Published) => {
                self.inbound_in_flight -= 1;
                actions.push(Action::Send(Packet::PubAck(PubAck::success(packet_id))));
            }
            (Some(Pending::Subscribe { packet_id, requested }), Answer::Subscribed(grants))
                if grants.len() == requested.iter().filter(|qos| **qos != Qos::ExactlyOnce).count() =>
            {
                actions.push(subscribed(packet_id, requested, grants));
            }
            (Some(Pending::Unsubscribe { packet_id, count }), Answer::Unsubscribed) => {
                actions.push(Action::Send(Packet::UnsubAck(UnsubAck {
                    packet_id,
                    // AWS's table has no code for a subscription that was not there.
                    codes: match self.five {
                        Some(_) => vec![ReasonCode::Success; count],
                        None => Vec::new(),
                    },
                    problem: None,
                })));
            }
            _ => self.finish(DisconnectReason::ServerError, Some(MqttError::Answer), actions),
        }
    }

    fn denied(
        &mut self,
        packet_id: Option<PacketId>,
        code: ReasonCode,
        reason: DisconnectReason,
        actions: &mut Vec<Action>,
    ) {
        match (packet_id, &self.five) {
            (Some(packet_id), Some(_)) => {
                self.inbound_in_flight -= 1;
                actions.push(Action::Send(Packet::PubAck(PubAck::new(packet_id, code))));
            }
            _ => self.finish_with(Some(code), reason, None, reason.publishes_will(), actions),
        }
    }
}

/// SUBACK from what was requested and what the owner granted of it.
///
/// AWS answers a request for QoS 2 with nothing at all. Refusing that filter is the nearest thing that does not leave
/// the client waiting; granting QoS 1 would let a device pass here that fails there.
fn subscribed(packet_id: PacketId, requested: Vec<Qos>, grants: Vec<Grant>) -> Action {
    let unspecified = Grant::Refused(ReasonCode::UnspecifiedError);
    let mut grants = grants.into_iter();
    let grants = requested.into_iter().map(|requested| match requested {
        Qos::ExactlyOnce => unspecified,
        Qos::AtMostOnce | Qos::AtLeastOnce => match grants.next() {
            Some(Grant::Granted(qos)) => Grant::Granted(qos.min(requested)),
            Some(refused) => refused,
            None => unspecified,
        },
    });
    Action::Send(Packet::SubAck(SubAck {
        packet_id,
        grants: grants.collect(),
        problem: None,
    }))
}
