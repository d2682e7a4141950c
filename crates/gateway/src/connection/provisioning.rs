//! Requests of devices that provision themselves by a claim. Each is attended to beside the connection, which goes on hearing
//! its client meanwhile; its answer goes to this connection alone, whether its client subscribed to it or not.

use std::sync::Arc;

use thingsmith_core::decisions::Stage;
use thingsmith_core::fleet_provisioning::{self, Asked, Claimant, Reply};
use thingsmith_mqtt::{Action, Answer, Message, Qos, TopicName};
use tokio::task::JoinSet;

use super::Connection;
use super::client::Client;
use super::requests::not_authorized;
use crate::refusal;

/// Requests of one connection under way at once.
const AT_ONCE: usize = 16;

/// The requests under way. Who leaves has no more use for them: dropping this ends them, but for what is being written.
#[derive(Default)]
pub(super) struct Requests(JoinSet<Reply>);

impl Requests {
    /// Waits for the next answer; for ever where none is to come. Nothing is lost when it is dropped.
    pub(super) async fn answered(&mut self) -> Option<Reply> {
        match self.0.join_next().await {
            None => std::future::pending().await,
            Some(Ok(reply)) => Some(reply),
            Some(Err(cause)) => {
                tracing::error!(%cause, "a request of fleet provisioning was not answered");
                None
            }
        }
    }
}

impl Connection {
    /// Begins to attend to a request that its client may publish.
    pub(super) async fn provision(
        &mut self,
        asked: Asked,
        message: &Message,
        actions: &mut Vec<Action>,
    ) -> Answer {
        let Some(client) = &mut self.client else {
            return Answer::Published;
        };
        let deeds = &self.gateway.deeds;
        let Some(claimant) = Claimant::new(&client.principal, self.peer.address) else {
            let reason = "who signs has no claim to provision a device by";
            let (topic, peer) = (message.topic.as_str(), self.peer.address);
            refusal::impossible(deeds, Stage::Publish, &client.principal, peer, topic, reason);
            return not_authorized();
        };
        if client.requests.0.len() >= AT_ONCE {
            let reply = fleet_provisioning::too_many(deeds, &claimant, &asked);
            self.deliver_reply(reply, actions).await;
            return Answer::Published;
        }
        let payload = message.payload.clone();
        let deeds = Arc::clone(deeds);
        client.requests.0.spawn(async move {
            // Boxed, so that a task is no larger than what it waits for.
            Box::pin(fleet_provisioning::answer(&deeds, &claimant, &asked, &payload)).await
        });
        Answer::Published
    }

    /// Delivers an answer, if the client may receive it.
    pub(super) async fn deliver_reply(&mut self, reply: Reply, actions: &mut Vec<Action>) {
        match self.may_receive(&reply.topic, actions).await {
            Ok(true) => self.reply(reply, actions),
            Ok(false) => {}
            Err(cause) => refusal::store_failed(self.peer.address, &cause.into()),
        }
    }

    fn reply(&mut self, reply: Reply, actions: &mut Vec<Action>) {
        let Ok(topic) = TopicName::parse(&reply.topic, &self.gateway.mqtt.topic) else {
            return tracing::error!(
                topic = reply.topic,
                "an answer has no topic that can be published on"
            );
        };
        let qos = self
            .client
            .as_ref()
            .map_or(Qos::AtMostOnce, |client| qos(client, &topic));
        let message = Message {
            topic,
            payload: reply.payload,
            retain: false,
            properties: None,
        };
        self.dispatch(message, qos, 0, actions);
    }
}

/// That of the subscription that it matches. Who did not subscribe gets it with QoS 0: there is nothing to tell it by.
fn qos(client: &Client, topic: &TopicName) -> Qos {
    let matching = client
        .place
        .filters
        .values()
        .filter(|(filter, _)| filter.matches(topic));
    matching.map(|(_, qos)| *qos).max().unwrap_or(Qos::AtMostOnce)
}
