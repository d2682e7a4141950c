//! What a client asks for: to connect, to publish, to subscribe.

use std::collections::HashMap;
use std::sync::Arc;

use thingsmith_core::connections::{ConnectFacts, Principal};
use thingsmith_core::decisions::Stage;
use thingsmith_core::events::Lifecycle;
use thingsmith_mqtt::{Action, Answer, Connect, DisconnectReason, Grant, Publish, Subscription, TopicFilter};
use thingsmith_ports::StoreError;

use super::{Client, Connection};
use crate::{refusal, reserved};

/// Subscriptions of one connection (AWS's quota "Maximum number of subscriptions per connection").
const SUBSCRIPTIONS: usize = 50;

impl Connection<'_> {
    pub(super) async fn connect(&mut self, connect: Connect, actions: &mut Vec<Action>) {
        if connect.will.is_some() {
            tracing::info!(peer = %self.peer.address, client_id = connect.client_id, "a will is not supported yet");
            return self
                .session
                .refuse(None, DisconnectReason::ServerInitiatedDisconnect, actions);
        }
        match self.authorize(connect).await {
            Ok(Some(client)) => {
                self.client = Some(client);
                let now = self.now_ms();
                self.session.accept(false, now, actions);
            }
            // MQTT 3.1.1: AWS closes without a word.
            Ok(None) => self.session.refuse(None, DisconnectReason::AuthError, actions),
            Err(cause) => {
                tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a CONNECT");
                self.session.refuse(None, DisconnectReason::ServerError, actions);
            }
        }
    }

    async fn authorize(&mut self, connect: Connect) -> Result<Option<Client>, StoreError> {
        let client_id = if connect.client_id.is_empty() {
            self.make_client_id()
        } else {
            connect.client_id
        };
        let facts = ConnectFacts {
            client_id,
            source: Some(self.peer.address.ip()),
            server_name: self.peer.server_name.clone(),
            persistent: !connect.clean_session,
            will_topic: None,
        };
        let mut principal =
            Principal::new(Arc::clone(&self.gateway.deeds), &mut self.peer.admission, facts).await?;
        let answer = principal.may_connect().await?;
        if !answer.allowed {
            refusal::denied(
                &self.gateway.deeds,
                Stage::Connect,
                &principal,
                self.peer.address,
                "iot:Connect",
                principal.client_id(),
                &answer,
            );
            Lifecycle::connect_failed(&self.gateway.deeds, &principal);
            return Ok(None);
        }
        let (subscriber, queue) = self
            .gateway
            .deeds
            .router()
            .subscriber(self.gateway.config.delivery_queue);
        let seat = self
            .gateway
            .clients
            .take(principal.realm().realm, principal.client_id());
        tracing::debug!(
            peer = %self.peer.address,
            client_id = principal.client_id(),
            certificate_id = %principal.certificate_id(),
            "connected"
        );
        let lifecycle = Lifecycle::connected(&self.gateway.deeds, &principal);
        let gateway = Arc::clone(self.gateway);
        Ok(Some(Client {
            gateway,
            principal,
            subscriber,
            queue,
            seat,
            filters: HashMap::new(),
            lifecycle,
            receive_denied: None,
        }))
    }

    /// MQTT 3.1.1, 3.1.3.1: a client that wants no session may leave its id to the server.
    fn make_client_id(&self) -> String {
        let mut bytes = [0; 16];
        self.gateway.deeds.random().fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    pub(super) async fn publish(&mut self, publish: Publish) -> Answer {
        let Some(client) = &mut self.client else {
            return Answer::Refused(DisconnectReason::ServerError);
        };
        let message = publish.message;
        let topic = message.topic.as_str();
        if message.topic.is_reserved() || message.retain {
            let reason = if message.retain {
                "retained messages are not supported yet"
            } else {
                "nothing may be published on this reserved topic"
            };
            let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
            refusal::impossible(deeds, Stage::Publish, &client.principal, peer, topic, reason);
            return Answer::Refused(DisconnectReason::ForbiddenAccess);
        }
        match client.principal.may_publish(topic).await {
            Ok(answer) if answer.allowed => {
                let realm = client.principal.realm().realm;
                let deeds = &self.gateway.deeds;
                deeds.metrics().message_in();
                deeds.router().route(realm, &message, publish.qos.level());
                Answer::Published
            }
            Ok(answer) => {
                refusal::denied(
                    &self.gateway.deeds,
                    Stage::Publish,
                    &client.principal,
                    self.peer.address,
                    "iot:Publish",
                    topic,
                    &answer,
                );
                Answer::Refused(DisconnectReason::ForbiddenAccess)
            }
            Err(cause) => self.store_failed(&cause),
        }
    }

    pub(super) async fn subscribe(&mut self, subscriptions: Vec<Subscription>) -> Answer {
        let mut grants = Vec::with_capacity(subscriptions.len());
        let mut granted = Vec::new();
        for subscription in subscriptions {
            let filter = subscription.filter.as_str().to_owned();
            match self.subscribe_one(subscription).await {
                Ok(Some(grant)) => {
                    if matches!(grant, Grant::Granted(_)) {
                        granted.push(filter);
                    }
                    grants.push(grant);
                }
                Ok(None) => return Answer::Refused(DisconnectReason::ForbiddenAccess),
                Err(cause) => return self.store_failed(&cause),
            }
        }
        if let Some(client) = self.client.as_ref().filter(|_| !granted.is_empty()) {
            let filters: Vec<&str> = granted.iter().map(String::as_str).collect();
            client
                .lifecycle
                .subscribed(&self.gateway.deeds, &client.principal, &filters);
        }
        Answer::Subscribed(grants)
    }

    /// Subscribes to one filter, or says no; nothing when the client is to leave.
    async fn subscribe_one(&mut self, subscription: Subscription) -> Result<Option<Grant>, StoreError> {
        let Some(client) = &mut self.client else {
            return Ok(Some(Grant::Refused));
        };
        let Subscription { filter, qos } = subscription;
        if filter.is_reserved() && !reserved::may_be_subscribed(filter.filter()) {
            let reason = "nobody may subscribe to this reserved topic";
            let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
            let filter = filter.as_str();
            refusal::impossible(deeds, Stage::Subscribe, &client.principal, peer, filter, reason);
            return Ok(Some(Grant::Refused));
        }
        let answer = client.principal.may_subscribe(filter.as_str()).await?;
        if !answer.allowed {
            refusal::denied(
                &self.gateway.deeds,
                Stage::Subscribe,
                &client.principal,
                self.peer.address,
                "iot:Subscribe",
                filter.as_str(),
                &answer,
            );
            return Ok(answer.active.then_some(Grant::Refused));
        }
        if client.filters.len() >= SUBSCRIPTIONS && !client.filters.contains_key(filter.as_str()) {
            let reason = "the connection has as many subscriptions as one may have";
            let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
            let filter = filter.as_str();
            refusal::impossible(deeds, Stage::Subscribe, &client.principal, peer, filter, reason);
            return Ok(Some(Grant::Refused));
        }
        self.gateway.deeds.router().subscribe(
            client.principal.realm().realm,
            &client.subscriber,
            &filter,
            qos,
        );
        client.filters.insert(filter.as_str().to_owned(), filter);
        Ok(Some(Grant::Granted(qos)))
    }

    pub(super) fn unsubscribe(&mut self, filters: &[TopicFilter]) {
        let Some(client) = &mut self.client else { return };
        let mut gone = Vec::new();
        for filter in filters {
            if let Some(filter) = client.filters.remove(filter.as_str()) {
                let realm = client.principal.realm().realm;
                self.gateway
                    .deeds
                    .router()
                    .unsubscribe(realm, &client.subscriber, &filter);
                gone.push(filter);
            }
        }
        if !gone.is_empty() {
            let filters: Vec<&str> = gone.iter().map(TopicFilter::as_str).collect();
            client
                .lifecycle
                .unsubscribed(&self.gateway.deeds, &client.principal, &filters);
        }
    }

    fn store_failed(&self, cause: &StoreError) -> Answer {
        tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a question of authorization");
        Answer::Refused(DisconnectReason::ServerError)
    }
}
