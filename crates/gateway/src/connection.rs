//! One client's connection: a task that owns its socket, its codec and its session.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use thingsmith_core::connections::{Admission, ConnectFacts, Principal};
use thingsmith_core::messages::{Delivery, Seat, Subscriber};
use thingsmith_mqtt::{
    Action, Answer, Connect, Delivered, DeliveryId, DisconnectReason, Grant, Publish, Session, Subscription,
    TopicFilter, v3,
};
use thingsmith_ports::StoreError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use crate::gateway::Gateway;
use crate::refusal;
use crate::tls::AdmittedStream;

/// Bytes asked for at a time. An idle connection keeps so many.
const READ: usize = 2048;
/// Messages delivered before the socket is looked at again.
const DELIVERIES: usize = 32;

/// Who is at the other end.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) server_name: Option<String>,
    pub(crate) admission: Admission,
}

/// Speaks MQTT with a client until one of the two ends it.
pub(crate) async fn serve(
    gateway: &Arc<Gateway>,
    stream: AdmittedStream,
    peer: Peer,
    shutdown: watch::Receiver<bool>,
) {
    let started = Instant::now();
    let session = Session::new(Arc::clone(&gateway.mqtt), 0);
    let output = BytesMut::new();
    let connection = Connection {
        gateway,
        peer,
        started,
        stream,
        session,
        output,
        client: None,
        deliveries: 0,
    };
    connection.run(shutdown).await;
}

struct Connection<'g> {
    gateway: &'g Arc<Gateway>,
    peer: Peer,
    started: Instant,
    stream: AdmittedStream,
    session: Session,
    output: BytesMut,
    /// Who it is, once its CONNECT was accepted.
    client: Option<Client>,
    deliveries: u64,
}

/// A client that was accepted. Dropping it gives back its client id and its subscriptions.
struct Client {
    gateway: Arc<Gateway>,
    principal: Principal,
    subscriber: Subscriber,
    queue: mpsc::Receiver<Delivery>,
    seat: Seat,
    filters: HashMap<String, TopicFilter>,
}

impl Drop for Client {
    fn drop(&mut self) {
        let realm = self.principal.realm().realm;
        for filter in self.filters.values() {
            self.gateway.router.unsubscribe(realm, &self.subscriber, filter);
        }
    }
}

/// What a connection waits for.
enum Event {
    Read(std::io::Result<usize>),
    Delivery(Delivery),
    TakenOver,
    Shutdown,
    Deadline,
}

impl Connection<'_> {
    async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        let mut input = BytesMut::new();
        let mut actions = Vec::new();
        while !self.session.is_closed() {
            match self.next_event(&mut input, &mut shutdown).await {
                Event::Read(Ok(0)) => self.session.close(DisconnectReason::ConnectionLost, &mut actions),
                Event::Read(Ok(_)) => {}
                Event::Read(Err(cause)) => {
                    tracing::debug!(peer = %self.peer.address, %cause, "the connection was lost");
                    self.session.close(DisconnectReason::ConnectionLost, &mut actions);
                }
                Event::Delivery(delivery) => self.deliver_waiting(delivery, &mut actions).await,
                Event::TakenOver => self
                    .session
                    .close(DisconnectReason::DuplicateClientId, &mut actions),
                Event::Shutdown => self
                    .session
                    .close(DisconnectReason::ServerInitiatedDisconnect, &mut actions),
                Event::Deadline => {
                    let now = self.now_ms();
                    self.session.tick(now, &mut actions);
                }
            }
            self.carry_out(&mut actions).await;
            self.take_packets(&mut input, &mut actions).await;
            if self.flush().await.is_err() {
                self.session.close(DisconnectReason::ConnectionLost, &mut actions);
                self.carry_out(&mut actions).await;
            }
        }
        // The other end is told that nothing follows; whether it hears it is its own matter.
        drop(timeout(Duration::from_secs(1), self.stream.shutdown()).await);
    }

    async fn next_event(&mut self, input: &mut BytesMut, shutdown: &mut watch::Receiver<bool>) -> Event {
        let deadline = self
            .session
            .next_deadline_ms()
            .map(|at| self.started + Duration::from_millis(at));
        let wants_input = self.session.wants_input();
        if wants_input {
            input.reserve(READ);
        }
        let client = self.client.as_mut();
        tokio::select! {
            read = self.stream.read_buf(input), if wants_input => Event::Read(read),
            event = client_event(client) => event,
            _ = shutdown.wait_for(|stop| *stop) => Event::Shutdown,
            () = sleep_until(deadline.unwrap_or(self.started)), if deadline.is_some() => Event::Deadline,
        }
    }

    /// Takes every complete packet that was read, as long as the session wants more.
    async fn take_packets(&mut self, input: &mut BytesMut, actions: &mut Vec<Action>) {
        while !self.session.is_closed() && self.session.wants_input() {
            match v3::read(input, &self.gateway.mqtt) {
                Ok(Some(packet)) => {
                    let now = self.now_ms();
                    self.session.receive(packet, now, actions);
                }
                Ok(None) => break,
                Err(error) => self.session.malformed(error, actions),
            }
            self.carry_out(actions).await;
        }
        if input.is_empty() {
            // What a large packet made it grow to is given back.
            *input = BytesMut::new();
        }
    }

    /// Carries out actions, and those that follow from them, in their order.
    async fn carry_out(&mut self, actions: &mut Vec<Action>) {
        while !actions.is_empty() {
            for action in std::mem::take(actions) {
                self.carry_out_one(action, actions).await;
            }
        }
    }

    async fn carry_out_one(&mut self, action: Action, actions: &mut Vec<Action>) {
        match action {
            Action::Authorize(connect) => self.connect(*connect, actions).await,
            Action::Publish(publish) => {
                let answer = self.publish(publish).await;
                self.answer(answer, actions);
            }
            Action::Subscribe(subscriptions) => {
                let answer = self.subscribe(subscriptions).await;
                self.answer(answer, actions);
            }
            Action::Unsubscribe(filters) => {
                self.unsubscribe(&filters);
                self.answer(Answer::Unsubscribed, actions);
            }
            Action::Send(packet) => {
                if let Err(cause) = v3::write(&packet, &mut self.output) {
                    tracing::error!(%cause, "a packet could not be written");
                    self.session.close(DisconnectReason::ServerError, actions);
                }
            }
            // Nothing outlives a connection yet, so that nobody waits to hear this.
            Action::Acknowledged(_) => {}
            Action::Close { reason, cause } => {
                let client_id = self.client.as_ref().map(|client| client.principal.client_id());
                refusal::ended(self.peer.address, client_id, reason, cause.as_ref());
                if self.flush().await.is_err() {
                    tracing::debug!(peer = %self.peer.address, "the last packets could not be sent");
                }
                self.client = None;
            }
        }
    }

    fn answer(&mut self, answer: Answer, actions: &mut Vec<Action>) {
        let now = self.now_ms();
        self.session.answer(answer, now, actions);
    }

    async fn connect(&mut self, connect: Connect, actions: &mut Vec<Action>) {
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
                &principal,
                self.peer.address,
                "iot:Connect",
                principal.client_id(),
                &answer,
            );
            return Ok(None);
        }
        let (subscriber, queue) = self.gateway.router.subscriber(self.gateway.config.delivery_queue);
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
        }))
    }

    /// MQTT 3.1.1, 3.1.3.1: a client that wants no session may leave its id to the server.
    fn make_client_id(&self) -> String {
        let mut bytes = [0; 16];
        self.gateway.deeds.random().fill(&mut bytes);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn publish(&mut self, publish: Publish) -> Answer {
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
            return Answer::Refused(DisconnectReason::ForbiddenAccess);
        }
        match client.principal.may_publish(topic).await {
            Ok(answer) if answer.allowed => {
                let realm = client.principal.realm().realm;
                self.gateway.router.route(realm, &message, publish.qos.level());
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
                Answer::Refused(DisconnectReason::ForbiddenAccess)
            }
            Err(cause) => self.store_failed(&cause),
        }
    }

    async fn subscribe(&mut self, subscriptions: Vec<Subscription>) -> Answer {
        let mut grants = Vec::with_capacity(subscriptions.len());
        for subscription in subscriptions {
            match self.subscribe_one(subscription).await {
                Ok(grant) => grants.push(grant),
                Err(cause) => return self.store_failed(&cause),
            }
        }
        Answer::Subscribed(grants)
    }

    async fn subscribe_one(&mut self, subscription: Subscription) -> Result<Grant, StoreError> {
        let Some(client) = &mut self.client else {
            return Ok(Grant::Refused);
        };
        let Subscription { filter, qos } = subscription;
        if filter.is_reserved() {
            let client_id = client.principal.client_id();
            tracing::info!(
                peer = %self.peer.address,
                client_id,
                filter = filter.as_str(),
                "reserved topics are not supported yet"
            );
            return Ok(Grant::Refused);
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
            return Ok(Grant::Refused);
        }
        if client.filters.len() >= SUBSCRIPTIONS && !client.filters.contains_key(filter.as_str()) {
            let client_id = client.principal.client_id();
            tracing::info!(peer = %self.peer.address, client_id, limit = SUBSCRIPTIONS, "too many subscriptions");
            return Ok(Grant::Refused);
        }
        self.gateway
            .router
            .subscribe(client.principal.realm().realm, &client.subscriber, &filter, qos);
        client.filters.insert(filter.as_str().to_owned(), filter);
        Ok(Grant::Granted(qos))
    }

    fn unsubscribe(&mut self, filters: &[TopicFilter]) {
        let Some(client) = &mut self.client else { return };
        for filter in filters {
            if let Some(filter) = client.filters.remove(filter.as_str()) {
                let realm = client.principal.realm().realm;
                self.gateway
                    .router
                    .unsubscribe(realm, &client.subscriber, &filter);
            }
        }
    }

    /// Delivers a message and what waits behind it, each only if the client may receive it now.
    async fn deliver_waiting(&mut self, first: Delivery, actions: &mut Vec<Action>) {
        let mut next = Some(first);
        for _ in 0..DELIVERIES {
            let Some(delivery) = next.take() else { break };
            if let Err(cause) = self.deliver(delivery, actions).await {
                tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a delivery");
                return self.session.close(DisconnectReason::ServerError, actions);
            }
            next = self
                .client
                .as_mut()
                .and_then(|client| client.queue.try_recv().ok());
        }
        if let Some(delivery) = next
            && let Err(cause) = self.deliver(delivery, actions).await
        {
            tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a delivery");
            self.session.close(DisconnectReason::ServerError, actions);
        }
    }

    async fn deliver(&mut self, delivery: Delivery, actions: &mut Vec<Action>) -> Result<(), StoreError> {
        let Some(client) = &mut self.client else {
            return Ok(());
        };
        let topic = delivery.message.topic.as_str();
        let answer = client.principal.may_receive(topic).await?;
        if !answer.allowed {
            refusal::denied(
                &client.principal,
                self.peer.address,
                "iot:Receive",
                topic,
                &answer,
            );
            if !answer.active {
                self.session.close(DisconnectReason::ForbiddenAccess, actions);
            }
            return Ok(());
        }
        self.deliveries += 1;
        let id = DeliveryId(self.deliveries);
        let client_id = client.principal.client_id();
        match self.session.deliver(delivery.message, delivery.qos, id, actions) {
            Delivered::Sent | Delivered::Queued => {}
            Delivered::Overflow(message) | Delivered::NotConnected(message) => {
                tracing::debug!(
                    client_id,
                    topic = message.topic.as_str(),
                    "a message was dropped: the client is slow"
                );
            }
        }
        Ok(())
    }

    fn store_failed(&self, cause: &StoreError) -> Answer {
        tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a question of authorization");
        Answer::Refused(DisconnectReason::ServerError)
    }

    /// Sends what is to be sent. A client that does not read is given up after a while.
    async fn flush(&mut self) -> std::io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let patience = self.gateway.config.write_patience;
        let send = async {
            self.stream.write_all(&self.output).await?;
            self.stream.flush().await
        };
        let sent = timeout(patience, send)
            .await
            .unwrap_or_else(|_| Err(std::io::ErrorKind::TimedOut.into()));
        self.output = BytesMut::new();
        sent
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What happens to an accepted client from inside; nothing to one that is not.
async fn client_event(client: Option<&mut Client>) -> Event {
    match client {
        None => std::future::pending().await,
        Some(client) => tokio::select! {
            // INVARIANT: the client's own subscriber keeps its queue open.
            Some(delivery) = client.queue.recv() => Event::Delivery(delivery),
            () = client.seat.taken_over() => Event::TakenOver,
        },
    }
}

/// Subscriptions of one connection (AWS's quota "Maximum number of subscriptions per connection").
const SUBSCRIPTIONS: usize = 50;
