//! What a client asks for: to connect, to publish, to subscribe.

use std::collections::HashMap;
use std::sync::Arc;

use thingsmith_core::connections::{ConnectFacts, Principal};
use thingsmith_mqtt::{
    Action, Answer, Connect, DisconnectReason, Grant, Publish, ReasonCode, Subscription, TopicFilter,
};
use thingsmith_ports::StoreError;

use super::{Client, Connection};
use crate::refusal;

/// Subscriptions of one connection (AWS's quota "Maximum number of subscriptions per connection").
const SUBSCRIPTIONS: usize = 50;

impl Connection<'_> {
    pub(super) async fn connect(&mut self, connect: Connect, actions: &mut Vec<Action>) {
        if connect.will.is_some() {
            tracing::info!(peer = %self.peer.address, client_id = connect.client_id, "a will is not supported yet");
            return self.session.refuse(
                ReasonCode::UnspecifiedError,
                DisconnectReason::ServerInitiatedDisconnect,
                actions,
            );
        }
        let nameless = connect.client_id.is_empty();
        match self.authorize(connect).await {
            Ok(Some(client)) => {
                let assigned = nameless.then(|| client.principal.client_id().to_owned());
                self.client = Some(client);
                let now = self.now_ms();
                self.session.accept(false, assigned.as_deref(), now, actions);
            }
            Ok(None) => {
                let (code, reason) = (ReasonCode::NotAuthorized, DisconnectReason::AuthError);
                self.session.refuse(code, reason, actions);
            }
            Err(cause) => {
                tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a CONNECT");
                let (code, reason) = (ReasonCode::UnspecifiedError, DisconnectReason::ServerError);
                self.session.refuse(code, reason, actions);
            }
        }
    }

    async fn authorize(&mut self, connect: Connect) -> Result<Option<Client>, StoreError> {
        let persistent = connect.is_persistent();
        let client_id = if connect.client_id.is_empty() {
            self.make_client_id()
        } else {
            connect.client_id
        };
        let facts = ConnectFacts {
            client_id,
            source: Some(self.peer.address.ip()),
            server_name: self.peer.server_name.clone(),
            persistent,
            will_topic: None,
        };
        let mut principal =
            Principal::new(Arc::clone(&self.gateway.deeds), &mut self.peer.admission, facts).await?;
        let answer = principal.may_connect().await?;
        if !answer.allowed {
            refusal::denied(
                &principal,
                self.peer.address,
                "iot:Connect",
                principal.client_id(),
                &answer,
            );
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
        let gateway = Arc::clone(self.gateway);
        Ok(Some(Client {
            gateway,
            principal,
            subscriber,
            queue,
            seat,
            filters: HashMap::new(),
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
            let client_id = client.principal.client_id();
            let retain = message.retain;
            tracing::info!(
                peer = %self.peer.address,
                client_id,
                topic,
                retain,
                "reserved topics and retained messages are not supported yet"
            );
            return not_authorized();
        }
        match client.principal.may_publish(topic).await {
            Ok(answer) if answer.allowed => {
                let realm = client.principal.realm().realm;
                self.gateway.deeds.router().route_from(
                    realm,
                    &message,
                    publish.qos.level(),
                    Some(&client.subscriber),
                );
                Answer::Published
            }
            Ok(answer) => {
                refusal::denied(
                    &client.principal,
                    self.peer.address,
                    "iot:Publish",
                    topic,
                    &answer,
                );
                match answer.active {
                    true => not_authorized(),
                    false => Answer::Refused(DisconnectReason::ForbiddenAccess),
                }
            }
            Err(cause) => self.store_failed(&cause),
        }
    }

    pub(super) async fn subscribe(&mut self, subscriptions: Vec<Subscription>) -> Answer {
        let mut grants = Vec::with_capacity(subscriptions.len());
        for subscription in subscriptions {
            match self.subscribe_one(subscription).await {
                Ok(Some(grant)) => grants.push(grant),
                Ok(None) => return Answer::Refused(DisconnectReason::ForbiddenAccess),
                Err(cause) => return self.store_failed(&cause),
            }
        }
        Answer::Subscribed(grants)
    }

    /// Subscribes to one filter, or says no; nothing when the client is to leave.
    async fn subscribe_one(&mut self, subscription: Subscription) -> Result<Option<Grant>, StoreError> {
        let Some(client) = &mut self.client else {
            return Ok(Some(Grant::Refused(ReasonCode::UnspecifiedError)));
        };
        let Subscription { filter, qos, options } = subscription;
        if filter.is_reserved() {
            let client_id = client.principal.client_id();
            tracing::info!(
                peer = %self.peer.address,
                client_id,
                filter = filter.as_str(),
                "reserved topics are not supported yet"
            );
            return Ok(Some(Grant::Refused(ReasonCode::NotAuthorized)));
        }
        let answer = client.principal.may_subscribe(filter.as_str()).await?;
        if !answer.allowed {
            refusal::denied(
                &client.principal,
                self.peer.address,
                "iot:Subscribe",
                filter.as_str(),
                &answer,
            );
            return Ok(answer.active.then_some(Grant::Refused(ReasonCode::NotAuthorized)));
        }
        if client.filters.len() >= SUBSCRIPTIONS && !client.filters.contains_key(filter.as_str()) {
            let client_id = client.principal.client_id();
            tracing::info!(peer = %self.peer.address, client_id, limit = SUBSCRIPTIONS, "too many subscriptions");
            return Ok(Some(Grant::Refused(ReasonCode::QuotaExceeded)));
        }
        self.gateway.deeds.router().subscribe(
            client.principal.realm().realm,
            &client.subscriber,
            &filter,
            qos,
            options,
        );
        client.filters.insert(filter.as_str().to_owned(), filter);
        Ok(Some(Grant::Granted(qos)))
    }

    pub(super) fn unsubscribe(&mut self, filters: &[TopicFilter]) {
        let Some(client) = &mut self.client else { return };
        for filter in filters {
            if let Some(filter) = client.filters.remove(filter.as_str()) {
                let realm = client.principal.realm().realm;
                self.gateway
                    .deeds
                    .router()
                    .unsubscribe(realm, &client.subscriber, &filter);
            }
        }
    }

    fn store_failed(&self, cause: &StoreError) -> Answer {
        tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a question of authorization");
        Answer::Refused(DisconnectReason::ServerError)
    }
}

/// What a client is told that may not publish.
fn not_authorized() -> Answer {
    Answer::Denied(ReasonCode::NotAuthorized, DisconnectReason::ForbiddenAccess)
}
