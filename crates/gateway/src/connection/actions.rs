//! Carries out what the session asks for.
//!
//! Nearly everything can be done at once, in plain functions: a message is permitted by what is known already, and nobody
//! has to be waited for. Only what may have to wait becomes a future.

use bytes::BytesMut;
use thingsmith_core::clients::Received;
use thingsmith_core::messages::ForSessions;
use thingsmith_mqtt::{
    Action, Answer, Connect, DisconnectReason, MqttError, Packet, Publish, Subscription, TopicFilter,
};

use super::Connection;
use crate::refusal;

/// Room for what is sent in a turn, to begin with.
const ROOM: usize = 1000;

/// What may have to wait.
pub(super) enum Waiting {
    Connect(Box<Connect>),
    Publish(Publish),
    /// A message that is published when it is stored.
    Store(ForSessions),
    Subscribe(Vec<Subscription>),
    Unsubscribe(Vec<TopicFilter>),
    Close {
        reason: DisconnectReason,
        cause: Option<MqttError>,
        publish_will: bool,
    },
}

impl Connection {
    /// Carries out actions, and those that follow from them, in their order.
    pub(super) async fn carry_out(&mut self, actions: &mut Vec<Action>) {
        while let Some(waiting) = self.carry_out_at_once(actions) {
            Box::pin(self.carry_out_waiting(waiting, actions)).await;
            self.look_at_the_clock();
        }
    }

    /// Carries out all up to the first that may have to wait.
    fn carry_out_at_once(&mut self, actions: &mut Vec<Action>) -> Option<Waiting> {
        while !actions.is_empty() {
            // There are one or two, so that it costs nothing to let those behind move up.
            match actions.remove(0) {
                Action::Publish(publish) => match self.publish_at_once(publish) {
                    Ok(answer) => self.answer(answer, actions),
                    Err(waiting) => return Some(waiting),
                },
                Action::Send(packet) => self.write(&packet, actions),
                Action::Acknowledged(id) => {
                    self.received(id, Received::Delivered);
                    self.acknowledged(id);
                }
                Action::Dropped(id) => {
                    self.received(id, Received::Dropped);
                    self.acknowledged(id);
                }
                Action::Authorize(connect) => return Some(Waiting::Connect(connect)),
                Action::Subscribe(subscriptions) => return Some(Waiting::Subscribe(subscriptions)),
                Action::Unsubscribe(filters) => return Some(Waiting::Unsubscribe(filters)),
                Action::Close {
                    reason,
                    cause,
                    publish_will,
                } => {
                    return Some(Waiting::Close {
                        reason,
                        cause,
                        publish_will,
                    });
                }
            }
        }
        None
    }

    async fn carry_out_waiting(&mut self, waiting: Waiting, actions: &mut Vec<Action>) {
        match waiting {
            // Boxed, as the end is: they come once, and need more room than all else.
            Waiting::Connect(connect) => Box::pin(self.connect(*connect, actions)).await,
            Waiting::Publish(publish) => {
                let answer = self.publish(publish, actions).await;
                self.answer(answer, actions);
            }
            Waiting::Store(message) => {
                let answer = self.store(message).await;
                self.answer(answer, actions);
            }
            Waiting::Subscribe(subscriptions) => {
                let (answer, retained) = self.subscribe(subscriptions).await;
                self.answer(answer, actions);
                self.deliver_retained(retained, actions).await;
            }
            Waiting::Unsubscribe(filters) => {
                let answer = self.unsubscribe(&filters).await;
                self.answer(answer, actions);
            }
            Waiting::Close {
                reason,
                cause,
                publish_will,
            } => {
                let client_id = self.client.as_ref().map(|client| client.principal.client_id());
                refusal::ended(self.peer.address, client_id, reason, cause.as_ref());
                Box::pin(self.end(reason, publish_will)).await;
            }
        }
    }

    fn write(&mut self, packet: &Packet, actions: &mut Vec<Action>) {
        if self.output.capacity() == 0 {
            self.output = BytesMut::with_capacity(ROOM);
        }
        if let Err(cause) = self.codec.write(packet, &mut self.output) {
            tracing::error!(%cause, "a packet could not be written");
            self.session.close(DisconnectReason::ServerError, actions);
        }
    }

    fn answer(&mut self, answer: Answer, actions: &mut Vec<Action>) {
        self.session.answer(answer, self.now_ms, actions);
    }

    async fn end(&mut self, reason: DisconnectReason, publish_will: bool) {
        if self.flush().await.is_err() {
            tracing::debug!(peer = %self.peer.address, "the last packets could not be sent");
        }
        self.tell_of_the_end(reason).await;
        if let Some(client) = self.client.take() {
            self.leave(client, reason, publish_will).await;
        }
    }
}
