//! What a client asks for: to connect, to publish, to subscribe.

use std::collections::HashMap;
use std::sync::Arc;

use thingsmith_core::connections::{ConnectFacts, Principal, TopicAction};
use thingsmith_core::decisions::Stage;
use thingsmith_core::events::Lifecycle;
use thingsmith_core::messages::{self, ForSessions, sessions::SessionSubscription};
use thingsmith_core::quotas::{Counted, Quota};
use thingsmith_core::{Code, Fault};
use thingsmith_mqtt::{
    Action, Answer, Connect, DisconnectReason, Grant, Publish, ReasonCode, Subscription, TopicFilter,
};
use thingsmith_ports::StoreError;

use super::Connection;
use super::actions::Waiting;
use super::client::{Client, Place};
use super::provisioning::Requests;
use super::retained::Retained;
use crate::gateway::Gateway;
use crate::{refusal, reserved};

/// Why a client is not let in.
struct Refused(ReasonCode, DisconnectReason);

impl Refused {
    /// Its policies do not let it.
    const NOT_AUTHORIZED: Self = Self(ReasonCode::NotAuthorized, DisconnectReason::AuthError);
    /// It or its account connects too often, or has too many connections.
    const THROTTLED: Self = Self(ReasonCode::QuotaExceeded, DisconnectReason::Throttled);
}

impl Connection {
    pub(super) async fn connect(&mut self, connect: Connect, actions: &mut Vec<Action>) {
        if let Some(will) = &connect.will
            && will.message.topic.is_reserved()
        {
            let topic = will.message.topic.as_str();
            tracing::info!(peer = %self.peer.address, client_id = connect.client_id, topic, "the topic of a will is reserved");
            let (code, reason) = (ReasonCode::TopicNameInvalid, DisconnectReason::ClientError);
            return self.session.refuse(code, reason, actions);
        }
        let nameless = connect.client_id.is_empty();
        match self.authorize(connect).await {
            Ok(Ok((client, present))) => {
                let assigned = nameless.then(|| client.principal.client_id().to_owned());
                self.client = Some(client);
                self.look_at_the_clock();
                self.session
                    .accept(present, assigned.as_deref(), self.now_ms, actions);
            }
            Ok(Err(Refused(code, reason))) => self.session.refuse(code, reason, actions),
            Err(fault) => {
                refusal::store_failed(self.peer.address, &fault);
                let (code, reason) = (ReasonCode::UnspecifiedError, DisconnectReason::ServerError);
                self.session.refuse(code, reason, actions);
            }
        }
    }

    /// The client, if it may connect, and whether its session was there before.
    async fn authorize(&mut self, connect: Connect) -> Result<Result<(Client, bool), Refused>, Fault> {
        // INVARIANT: the session lets no second CONNECT through. What it was admitted by goes with the first, certificate
        // and all.
        let Some(mut proof) = self.peer.proof.take() else {
            return Ok(Err(Refused::NOT_AUTHORIZED));
        };
        let persistent = connect.is_persistent();
        let clean_start = connect.clean_session;
        let keep_alive_seconds = connect.keep_alive_seconds;
        let will = connect.will;
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
            will_topic: will.as_ref().map(|will| will.message.topic.as_str().to_owned()),
        };
        let mut principal = Principal::new(Arc::clone(&self.gateway.deeds), &mut proof, facts).await?;
        drop(proof);
        let answer = principal.may_connect().await?;
        if !answer.allowed {
            let client_id = principal.client_id();
            let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
            refusal::denied(
                deeds,
                Stage::Connect,
                &principal,
                peer,
                "iot:Connect",
                client_id,
                &answer,
            );
            Lifecycle::connect_failed(deeds, &principal).await;
            return Ok(Err(Refused::NOT_AUTHORIZED));
        }
        if let Some(will) = &will
            && let Some((action, answer)) = messages::refusal(&mut principal, &will.message).await?
        {
            let topic = will.message.topic.as_str();
            let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
            refusal::denied(deeds, Stage::Connect, &principal, peer, action, topic, &answer);
            Lifecycle::connect_failed(deeds, &principal).await;
            return Ok(Err(Refused::NOT_AUTHORIZED));
        }
        let counted = match self.count(&principal) {
            Ok(counted) => counted,
            Err(reason) => {
                let (deeds, peer, client_id) =
                    (&self.gateway.deeds, self.peer.address, principal.client_id());
                refusal::impossible(deeds, Stage::Connect, &principal, peer, client_id, reason);
                return Ok(Err(Refused::THROTTLED));
            }
        };
        let (subscriber, queue) = self
            .gateway
            .deeds
            .router()
            .subscriber(self.gateway.config.delivery_queue);
        let seat =
            self.gateway
                .deeds
                .clients()
                .take(principal.realm().realm, principal.client_id(), &subscriber);
        tracing::debug!(
            peer = %self.peer.address,
            client_id = principal.client_id(),
            principal = principal.identifier(),
            "connected"
        );
        let place = Place {
            gateway: Arc::clone(&self.gateway),
            subscriber,
            seat,
            filters: HashMap::new(),
            _counted: counted,
        };
        let mut client = Client {
            lifecycle: Lifecycle::begin(&self.gateway.deeds, &principal),
            principal,
            queue,
            place,
            session: None,
            requests: Requests::default(),
            will,
            keep_alive_seconds,
            connected_at: self.gateway.deeds.clock().now(),
            leave: None,
            receipts: Vec::new(),
            receive_denied: None,
        };
        let present = self.open_session(&mut client, clean_start).await?;
        client
            .lifecycle
            .connected(&self.gateway.deeds, &client.principal)
            .await;
        Ok(Ok((client, present)))
    }

    /// Counts a CONNECT and the connection that comes of it, or says which quota it would break. It comes after the policies
    /// have allowed it, so that nobody uses up what belongs to somebody else's client id.
    fn count(&self, principal: &Principal) -> Result<Option<Counted>, &'static str> {
        let deeds = &self.gateway.deeds;
        let (realm, clock) = (principal.realm().realm, deeds.clock());
        if !deeds
            .quotas()
            .client_connects(realm, principal.client_id(), clock)
        {
            return Err("the client id connects too often");
        }
        if !deeds.is_within(realm, Quota::Connect) {
            return Err("the clients of the account connect too often");
        }
        let counted = deeds.quotas().connect(realm);
        counted.map_err(|_| "the account has as many connections as it may have")
    }

    /// MQTT 3.1.1, 3.1.3.1: a client that wants no session may leave its id to the server.
    fn make_client_id(&self) -> String {
        let mut bytes = [0; 16];
        self.gateway.deeds.random().fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Publishes a message if that waits for nobody, as nearly always. Any other is given back.
    pub(super) fn publish_at_once(&mut self, publish: Publish) -> Result<Answer, Waiting> {
        let Some(client) = &mut self.client else {
            return Ok(Answer::Refused(DisconnectReason::ServerError));
        };
        let topic = &publish.message.topic;
        if publish.message.retain
            || topic.is_reserved()
            || !client
                .principal
                .certainly_may(TopicAction::Publish, topic, self.now)
        {
            return Err(Waiting::Publish(publish));
        }
        if self.is_beyond_rates(&publish) {
            return Ok(Answer::Discarded(ReasonCode::QuotaExceeded));
        }
        let Some(client) = &self.client else {
            return Ok(Answer::Refused(DisconnectReason::ServerError));
        };
        let (qos, mut message) = (publish.qos.level(), publish.message);
        client.principal.enrich(&mut message);
        let deeds = &self.gateway.deeds;
        deeds.metrics().message_in();
        let realm = client.principal.realm().realm;
        match messages::pass_on(deeds, realm, message, qos, client.origin()) {
            Ok(()) => Ok(Answer::Published),
            Err(message) => Err(Waiting::Store(message)),
        }
    }

    /// Stores a message for sessions, by which it is published.
    pub(super) async fn store(&mut self, message: ForSessions) -> Answer {
        let Some(client) = &self.client else {
            return Answer::Refused(DisconnectReason::ServerError);
        };
        let realm = client.principal.realm().realm;
        let stored = message.store(&self.gateway.deeds, realm, client.origin()).await;
        self.published(stored)
    }

    pub(super) async fn publish(&mut self, publish: Publish, actions: &mut Vec<Action>) -> Answer {
        if self.is_beyond_rates(&publish) {
            return Answer::Discarded(ReasonCode::QuotaExceeded);
        }
        let Some(client) = &mut self.client else {
            return Answer::Refused(DisconnectReason::ServerError);
        };
        let mut message = publish.message;
        let topic = message.topic.as_str();
        let asked = reserved::request(&message.topic);
        if message.topic.is_reserved() && asked.is_none() && !reserved::may_be_published(&message.topic) {
            let reason = reserved::why_closed(topic);
            let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
            refusal::impossible(deeds, Stage::Publish, &client.principal, peer, topic, reason);
            return not_authorized();
        }
        match messages::refusal(&mut client.principal, &message).await {
            Ok(None) => {}
            Ok(Some((action, answer))) => {
                let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
                refusal::denied(
                    deeds,
                    Stage::Publish,
                    &client.principal,
                    peer,
                    action,
                    topic,
                    &answer,
                );
                return match answer.active {
                    true => not_authorized(),
                    false => Answer::Refused(DisconnectReason::ForbiddenAccess),
                };
            }
            Err(cause) => return self.store_failed(&cause.into()),
        }
        if let Some(asked) = asked {
            self.gateway.deeds.metrics().message_in();
            return self.provision(asked, &message, actions).await;
        }
        client.principal.enrich(&mut message);
        let realm = client.principal.realm().realm;
        let qos = publish.qos.level();
        self.gateway.deeds.metrics().message_in();
        let published = messages::publish(&self.gateway.deeds, realm, message, qos, client.origin()).await;
        self.published(published)
    }

    fn published(&self, published: Result<(), Fault>) -> Answer {
        match published {
            Ok(()) => Answer::Published,
            Err(fault) if fault.code == Code::Throttling => {
                tracing::info!(peer = %self.peer.address, %fault, "a message was not published");
                Answer::Discarded(ReasonCode::QuotaExceeded)
            }
            Err(fault) => self.store_failed(&fault),
        }
    }

    /// Whether the client, or its account, publishes more than it may. That is written down when it begins.
    fn is_beyond_rates(&mut self, publish: &Publish) -> bool {
        let deeds = &self.gateway.deeds;
        let Some(client) = &self.client else { return false };
        let realm = client.principal.realm().realm;
        let throttle = self.throttle.as_mut();
        let reason = if throttle.is_some_and(|throttle| !throttle.takes_message(deeds.clock().now())) {
            "the connection publishes too many messages"
        } else if !deeds.is_within(realm, Quota::PublishIn) {
            "the account publishes too many messages"
        } else {
            self.discards = false;
            return false;
        };
        if !std::mem::replace(&mut self.discards, true) {
            let (topic, peer) = (publish.message.topic.as_str(), self.peer.address);
            refusal::impossible(deeds, Stage::Publish, &client.principal, peer, topic, reason);
        }
        true
    }

    /// Subscribes, and says which retained messages are to follow the answer.
    pub(super) async fn subscribe(&mut self, subscriptions: Vec<Subscription>) -> (Answer, Vec<Retained>) {
        match self.try_subscribe(subscriptions).await {
            Ok(Some((grants, retained))) => (Answer::Subscribed(grants), retained),
            Ok(None) => (Answer::Refused(DisconnectReason::ForbiddenAccess), Vec::new()),
            Err(cause) => (self.store_failed(&cause.into()), Vec::new()),
        }
    }

    async fn try_subscribe(
        &mut self,
        subscriptions: Vec<Subscription>,
    ) -> Result<Option<(Vec<Grant>, Vec<Retained>)>, StoreError> {
        if let Some(reason) = self.is_subscribing_too_often() {
            if let (Some(client), Some(first)) = (&self.client, subscriptions.first()) {
                let (deeds, peer, filter) = (&self.gateway.deeds, self.peer.address, first.filter.as_str());
                refusal::impossible(deeds, Stage::Subscribe, &client.principal, peer, filter, reason);
            }
            let refused = vec![Grant::Refused(ReasonCode::QuotaExceeded); subscriptions.len()];
            return Ok(Some((refused, Vec::new())));
        }
        let (mut grants, mut retained) = (Vec::with_capacity(subscriptions.len()), Vec::new());
        let (mut to_keep, mut granted) = (Vec::new(), Vec::new());
        for subscription in subscriptions {
            let filter = subscription.filter.as_str();
            let is_new = self
                .client
                .as_ref()
                .is_some_and(|client| !client.place.filters.contains_key(filter));
            let Some(grant) = self.subscribe_one(&subscription).await? else {
                return Ok(None);
            };
            if let Grant::Granted(qos) = grant {
                granted.push(subscription.filter.clone());
                to_keep.push(SessionSubscription::new(
                    &subscription.filter,
                    qos,
                    subscription.options,
                ));
            }
            retained.extend(self.retained_for(&subscription, grant, is_new).await?);
            grants.push(grant);
        }
        if let Some(session) = self.client.as_ref().and_then(|client| client.session.as_ref()) {
            session.subscribe(&to_keep).await?;
        }
        if let Some(client) = self.client.as_ref().filter(|_| !granted.is_empty()) {
            let filters: Vec<&str> = granted.iter().map(TopicFilter::as_str).collect();
            let deeds = &self.gateway.deeds;
            client
                .lifecycle
                .subscribed(deeds, &client.principal, &filters)
                .await;
        }
        Ok(Some((grants, retained)))
    }

    /// Subscribes to one filter, or says no; nothing when the client is to leave.
    async fn subscribe_one(&mut self, subscription: &Subscription) -> Result<Option<Grant>, StoreError> {
        let Some(client) = &mut self.client else {
            return Ok(Some(Grant::Refused(ReasonCode::UnspecifiedError)));
        };
        let Subscription { filter, qos, options } = subscription;
        let (qos, options) = (*qos, *options);
        if filter.is_reserved() && !reserved::may_be_subscribed(filter.filter()) {
            let reason = "nobody may subscribe to this reserved topic";
            let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
            let filter = filter.as_str();
            refusal::impossible(deeds, Stage::Subscribe, &client.principal, peer, filter, reason);
            return Ok(Some(Grant::Refused(ReasonCode::NotAuthorized)));
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
            return Ok(answer.active.then_some(Grant::Refused(ReasonCode::NotAuthorized)));
        }
        let too_many = match client.place.filters.contains_key(filter.as_str()) {
            true => None,
            false => self.gateway.one_more_is_too_many(client, filter),
        };
        let too_many = too_many.or_else(|| self.gateway.group_changes_too_often(client, filter));
        if let Some(reason) = too_many {
            let (deeds, peer) = (&self.gateway.deeds, self.peer.address);
            let filter = filter.as_str();
            refusal::impossible(deeds, Stage::Subscribe, &client.principal, peer, filter, reason);
            return Ok(Some(Grant::Refused(ReasonCode::QuotaExceeded)));
        }
        self.gateway.deeds.router().subscribe(
            client.principal.realm().realm,
            &client.place.subscriber,
            filter,
            qos,
            options,
        );
        client
            .place
            .filters
            .insert(filter.as_str().to_owned(), (filter.clone(), qos));
        Ok(Some(Grant::Granted(qos)))
    }

    /// Which quota a SUBSCRIBE breaks, if any.
    fn is_subscribing_too_often(&self) -> Option<&'static str> {
        let realm = self.client.as_ref()?.principal.realm().realm;
        let within = self.gateway.deeds.is_within(realm, Quota::Subscribe);
        (!within).then_some("the clients of the account subscribe too often")
    }

    pub(super) async fn unsubscribe(&mut self, filters: &[TopicFilter]) -> Answer {
        let Some(client) = &mut self.client else {
            return Answer::Unsubscribed;
        };
        let realm = client.principal.realm().realm;
        let mut gone = Vec::new();
        for filter in filters {
            if let Some((filter, _)) = client.place.filters.remove(filter.as_str()) {
                self.gateway
                    .deeds
                    .router()
                    .unsubscribe(realm, &client.place.subscriber, &filter);
                // It counts, and is done all the same: whoever wants nothing more must not be sent more.
                self.gateway.group_changes_too_often(client, &filter);
                gone.push(filter);
            }
        }
        if let Some(session) = &client.session
            && !gone.is_empty()
            && let Err(cause) = session.unsubscribe(&gone).await
        {
            return self.store_failed(&cause.into());
        }
        if !gone.is_empty() {
            let filters: Vec<&str> = gone.iter().map(TopicFilter::as_str).collect();
            let deeds = &self.gateway.deeds;
            client
                .lifecycle
                .unsubscribed(deeds, &client.principal, &filters)
                .await;
        }
        Answer::Unsubscribed
    }

    fn store_failed(&self, fault: &Fault) -> Answer {
        refusal::store_failed(self.peer.address, fault);
        Answer::Refused(DisconnectReason::ServerError)
    }
}

impl Gateway {
    /// Why a client may not have one more subscription, if so.
    fn one_more_is_too_many(&self, client: &Client, filter: &TopicFilter) -> Option<&'static str> {
        if client.place.filters.len() >= self.config.subscriptions {
            return Some("the connection has as many subscriptions as one may have");
        }
        let realm = client.principal.realm().realm;
        let (quotas, router) = (self.deeds.quotas(), self.deeds.router());
        if !quotas.allow_subscription(|| router.subscriptions(realm)) {
            return Some("the account has as many subscriptions as it may have");
        }
        filter.share_name()?;
        quotas.shared_subscription(|| router.shared(realm, filter))
    }

    /// Counts that a client joins or leaves a shared subscription, and says why it may not, if so.
    fn group_changes_too_often(&self, client: &Client, filter: &TopicFilter) -> Option<&'static str> {
        filter.share_name()?;
        let (realm, clock) = (client.principal.realm().realm, self.deeds.clock());
        let within = self.deeds.quotas().group_changes(realm, filter.as_str(), clock);
        (!within).then_some("the members of the shared subscription come and go too often")
    }
}

/// What a client is told that may not publish.
pub(super) fn not_authorized() -> Answer {
    Answer::Denied(ReasonCode::NotAuthorized, DisconnectReason::ForbiddenAccess)
}
