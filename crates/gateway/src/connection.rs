//! One client's connection: a task that owns its socket, its codec and its session.

mod calls;
mod changes;
mod client;
mod lifecycle;
mod provisioning;
mod requests;
mod retained;
mod sessions;
mod stream;
mod throttle;
mod wills;

use std::future::poll_fn;
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::ready;
use std::time::Duration;

use bytes::BytesMut;
use thingsmith_core::Fault;
use thingsmith_core::clients::{Call, Received};
use thingsmith_core::connections::Proof;
use thingsmith_core::decisions::Stage;
use thingsmith_core::fleet_provisioning::Reply;
use thingsmith_core::messages::{self, Delivery, Shared};
use thingsmith_core::quotas::Quota;
use thingsmith_mqtt::{
    Action, Answer, Codec, Delivered, DeliveryId, DisconnectReason, Dispatch, Message, Qos, Session,
};
use thingsmith_ports::StoreError;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use self::client::Client;
pub(crate) use self::stream::Stream;
pub use self::throttle::ConnectionRates;
use self::throttle::{Held, Throttle};
pub(crate) use self::wills::execute as execute_will;
use crate::gateway::Gateway;
use crate::refusal;
use crate::websocket::FrameError;

/// Bytes asked for at a time: as many as a record of TLS may carry (RFC 8446, 5.1).
const READ: usize = 16 * 1024;
/// Packets taken before anything else is looked at again: a client that sends many at once gets no more than its turn.
const PACKETS: usize = 64;
/// Messages delivered before the socket is looked at again.
const DELIVERIES: usize = 32;
/// Bytes of deliveries gathered before they are sent; the last message may go beyond.
const OUTPUT: usize = 16 * 1024;

/// How often it is looked whether what is held back may be taken; the server's clock says it.
const RELEASE: Duration = Duration::from_millis(20);

/// Who is at the other end.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    /// Where it came in.
    pub(crate) local: SocketAddr,
    pub(crate) server_name: Option<String>,
    /// Until it says who it is.
    pub(crate) proof: Option<Proof>,
}

/// Speaks MQTT with a client until one of the two ends it. `first` is a byte that was read already to see that it is MQTT.
///
/// What it is given goes into a box before there is a future, which would keep room for all of it twice.
pub(crate) fn serve(
    gateway: Arc<Gateway>,
    stream: Stream,
    first: Option<u8>,
    peer: Peer,
    shutdown: watch::Receiver<bool>,
) -> impl Future<Output = ()> + Send {
    let session = Session::new(Arc::clone(&gateway.mqtt), 0);
    let now = gateway.deeds.clock().now();
    let throttle = gateway
        .config
        .rates
        .map(|rates| Box::new(Throttle::new(rates, now)));
    let mut connection = Box::new(Connection {
        gateway,
        peer,
        started: Instant::now(),
        stream,
        codec: Codec::new(),
        session,
        output: BytesMut::new(),
        cut: false,
        shutdown,
        backlog: false,
        client: None,
        deliveries: 0,
        throttle,
        discards: false,
    });
    async move { connection.run(first).await }
}

struct Connection {
    gateway: Arc<Gateway>,
    peer: Peer,
    started: Instant,
    stream: Stream,
    codec: Codec,
    session: Session,
    output: BytesMut,
    /// Whether sending stopped inside of a packet, after which nothing can follow.
    cut: bool,
    shutdown: watch::Receiver<bool>,
    /// Whether packets that were read may still wait for their turn.
    backlog: bool,
    /// Who it is, once its CONNECT was accepted.
    client: Option<Client>,
    deliveries: u64,
    /// What it has left of its rates, where it is held to any.
    throttle: Option<Box<Throttle>>,
    /// Whether the client's last message went beyond a rate.
    discards: bool,
}

/// What a connection waits for.
enum Event {
    Read(std::io::Result<usize>),
    Delivery(Box<Delivery>),
    /// The session may have messages in the store.
    Stored,
    /// A request was answered, unless that failed.
    Answered(Option<Reply>),
    Backlog,
    Changed,
    Called(Call),
    Shutdown,
    Deadline,
    /// It may be time to take what was held back.
    Released,
}

impl Connection {
    async fn run(&mut self, first: Option<u8>) {
        let mut input: BytesMut = first.as_slice().into();
        let mut actions = Vec::new();
        while !self.session.is_closed() {
            let event = self.next_event(&mut input).await;
            // Boxed, so that a connection which waits does not keep the room for what it does next.
            Box::pin(self.take_turn(event, &mut input, &mut actions)).await;
        }
        // The other end is told that nothing follows; whether it hears it is its own matter.
        drop(timeout(Duration::from_secs(1), self.stream.shutdown()).await);
    }

    /// Does what an event asks for, and all that follows from it.
    async fn take_turn(&mut self, event: Event, input: &mut BytesMut, actions: &mut Vec<Action>) {
        match event {
            Event::Read(Ok(0)) => self.session.close(DisconnectReason::ConnectionLost, actions),
            Event::Read(Ok(bytes)) => self.passed(bytes),
            Event::Backlog | Event::Released => {}
            Event::Read(Err(cause)) => {
                tracing::debug!(peer = %self.peer.address, %cause, "the connection was lost");
                let broken = cause
                    .get_ref()
                    .is_some_and(<dyn std::error::Error + Send + Sync>::is::<FrameError>);
                let reason = match broken {
                    true => DisconnectReason::ClientError,
                    false => DisconnectReason::ConnectionLost,
                };
                self.session.close(reason, actions);
            }
            Event::Delivery(delivery) => self.deliver_waiting(delivery, actions).await,
            Event::Stored => self.deliver_stored(actions).await,
            Event::Answered(Some(reply)) => self.deliver_reply(reply, actions).await,
            Event::Answered(None) => {}
            Event::Changed => self.reconsider(actions).await,
            Event::Called(call) => {
                if let Some(client) = &mut self.client
                    && let Some(reason) = calls::take(client, call, &self.session, &self.peer)
                {
                    self.session.close(reason, actions);
                }
            }
            Event::Shutdown => self
                .session
                .close(DisconnectReason::ServerInitiatedDisconnect, actions),
            Event::Deadline => {
                let now = self.now_ms();
                self.session.tick(now, actions);
            }
        }
        self.carry_out(actions).await;
        self.take_packets(input, actions).await;
        self.settle_session(actions).await;
        self.carry_out(actions).await;
        if let Err(reason) = self.flush().await {
            self.session.close(reason, actions);
            self.carry_out(actions).await;
        }
    }

    async fn reconsider(&mut self, actions: &mut Vec<Action>) {
        let Some(client) = &mut self.client else { return };
        if let Some(reason) = Box::pin(changes::reconsider(client, self.peer.address)).await {
            self.session.close(reason, actions);
        }
    }

    async fn next_event(&mut self, input: &mut BytesMut) -> Event {
        let deadline = self
            .session
            .next_deadline_ms()
            .map(|at| self.started + Duration::from_millis(at));
        let held = self.held();
        let wants_messages = !held.traffic && !self.session.is_backlogged();
        let (wants_input, backlog) = (self.session.wants_input() && !held.traffic, self.backlog);
        let client = self.client.as_mut();
        tokio::select! {
            read = read(&mut self.stream, input), if wants_input && !backlog => return Event::Read(read),
            event = client_event(client, wants_messages, !held.stored) => return event,
            () = tokio::task::yield_now(), if backlog => return Event::Backlog,
            _ = self.shutdown.wait_for(|stop| *stop) => return Event::Shutdown,
            () = sleep(RELEASE), if held != Held::default() => return Event::Released,
            () = sleep_until(deadline.unwrap_or(self.started)), if deadline.is_some() => {}
        }
        // What waits unread is no silence: nobody listened while a delivery was sent slowly.
        tokio::select! {
            biased;
            read = read(&mut self.stream, input), if wants_input && !backlog => Event::Read(read),
            () = std::future::ready(()) => Event::Deadline,
        }
    }

    /// Takes the complete packets that were read, as many as may be in one turn.
    async fn take_packets(&mut self, input: &mut BytesMut, actions: &mut Vec<Action>) {
        let mut turns = 0..PACKETS;
        self.backlog = false;
        while !self.session.is_closed() && self.session.wants_input() {
            if turns.next().is_none() {
                self.backlog = true;
                break;
            }
            match self.codec.read(input, &self.gateway.mqtt) {
                Ok(Some(packet)) => {
                    let now = self.now_ms();
                    self.session.receive(packet, now, actions);
                }
                Ok(None) => break,
                Err(error) => self.session.malformed(error, self.codec.version(), actions),
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
            // Boxed, as the end is: they come once, and need more room than all else.
            Action::Authorize(connect) => Box::pin(self.connect(*connect, actions)).await,
            Action::Publish(publish) => {
                let answer = self.publish(publish, actions).await;
                self.answer(answer, actions);
            }
            Action::Subscribe(subscriptions) => {
                let (answer, retained) = self.subscribe(subscriptions).await;
                self.answer(answer, actions);
                self.deliver_retained(retained, actions).await;
            }
            Action::Unsubscribe(filters) => {
                let answer = self.unsubscribe(&filters).await;
                self.answer(answer, actions);
            }
            Action::Send(packet) => {
                if let Err(cause) = self.codec.write(&packet, &mut self.output) {
                    tracing::error!(%cause, "a packet could not be written");
                    self.session.close(DisconnectReason::ServerError, actions);
                }
            }
            Action::Acknowledged(id) => {
                self.received(id, Received::Delivered);
                self.acknowledged(id);
            }
            Action::Dropped(id) => {
                self.received(id, Received::Dropped);
                self.acknowledged(id);
            }
            Action::Close {
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

    async fn end(&mut self, reason: DisconnectReason, publish_will: bool) {
        if self.flush().await.is_err() {
            tracing::debug!(peer = %self.peer.address, "the last packets could not be sent");
        }
        self.tell_of_the_end(reason).await;
        if let Some(client) = self.client.take() {
            self.leave(client, reason, publish_will).await;
        }
    }

    fn answer(&mut self, answer: Answer, actions: &mut Vec<Action>) {
        let now = self.now_ms();
        self.session.answer(answer, now, actions);
    }

    /// Delivers a message and what waits behind it, each only if the client may receive it now.
    async fn deliver_waiting(&mut self, first: Box<Delivery>, actions: &mut Vec<Action>) {
        let mut next = Some(first);
        let mut turns = 1..DELIVERIES;
        while let Some(delivery) = next.take() {
            if let Err(cause) = self.deliver(delivery, actions).await {
                tracing::error!(peer = %self.peer.address, %cause, "the store did not answer a delivery");
                return self.session.close(DisconnectReason::ServerError, actions);
            }
            self.carry_out(actions).await;
            if let Some(client) = &mut self.client
                && turns.next().is_some()
                && self.output.len() < OUTPUT
                && !self.session.is_backlogged()
            {
                next = client.queue.try_recv().ok();
            }
        }
    }

    async fn deliver(
        &mut self,
        mut delivery: Box<Delivery>,
        actions: &mut Vec<Action>,
    ) -> Result<(), StoreError> {
        let topic = delivery.message.topic.as_str();
        let allowed = self.may_receive(topic, actions).await?;
        let receipt = delivery.receipt.take();
        if !allowed {
            if let Some(receipt) = receipt {
                receipt.tell(Received::Denied);
            }
            if let Some((message, shared)) = delivery.into_shared()
                && let Err(fault) = Box::pin(self.hand_on(message, shared)).await
            {
                refusal::store_failed(self.peer.address, &fault);
                self.session.close(DisconnectReason::ServerError, actions);
            }
            return Ok(());
        }
        if !self.may_send() {
            self.gateway.deeds.metrics().delivery_dropped();
            tracing::debug!(peer = %self.peer.address, topic, "a message was dropped: too many are sent");
            if let Some(receipt) = receipt {
                receipt.tell(Received::Dropped);
            }
            return Ok(());
        }
        let (waited_ms, qos) = (delivery.waited_ms(), delivery.qos);
        let sent = self.dispatch(delivery.message, qos, waited_ms, actions);
        if let Some(receipt) = receipt {
            self.expect_receipt(receipt, qos, sent);
        }
        Ok(())
    }

    /// Leaves a message that the client may not receive to the other members of its group.
    async fn hand_on(&self, message: Message, shared: Shared) -> Result<(), Fault> {
        let Some(client) = &self.client else { return Ok(()) };
        let (deeds, realm) = (&self.gateway.deeds, client.principal.realm().realm);
        messages::hand_on(deeds, realm, &client.place.subscriber, message, shared).await
    }

    /// Asks whether the client may receive messages on a topic now.
    async fn may_receive(&mut self, topic: &str, actions: &mut Vec<Action>) -> Result<bool, StoreError> {
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
    fn dispatch(
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
        let now_ms = self.now_ms();
        match self.session.deliver(dispatch, now_ms, actions) {
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

    /// Sends what is to be sent. A client that takes nothing for a while is given up; one that does not read must not
    /// keep its client id from its successor, nor the server from ending.
    async fn flush(&mut self) -> Result<(), DisconnectReason> {
        if self.output.is_empty() || self.cut {
            return Ok(());
        }
        self.passed(self.output.len());
        let flushed = self.flush_output().await;
        self.cut = flushed.is_err();
        flushed
    }

    async fn flush_output(&mut self) -> Result<(), DisconnectReason> {
        let patience = self.gateway.config.write_patience;
        let mut output = std::mem::take(&mut self.output);
        let send = async {
            while !output.is_empty() {
                timeout(patience, self.stream.write_buf(&mut output)).await??;
            }
            timeout(patience, self.stream.flush()).await?
        };
        let mut send = std::pin::pin!(send);
        let sent: std::io::Result<()> = loop {
            let call = tokio::select! {
                biased;
                sent = &mut send => break sent,
                call = calls::called(self.client.as_ref()) => Some(call),
                _ = self.shutdown.wait_for(|stop| *stop) => return Err(DisconnectReason::ServerInitiatedDisconnect),
                () = changes::changed(self.client.as_ref()) => None,
            };
            let Some(client) = &mut self.client else { continue };
            let over = match call {
                Some(call) => calls::take(client, call, &self.session, &self.peer),
                None => Box::pin(changes::reconsider(client, self.peer.address)).await,
            };
            if let Some(reason) = over {
                return Err(reason);
            }
        };
        sent.map_err(|cause| {
            tracing::debug!(peer = %self.peer.address, %cause, "the client takes nothing more");
            DisconnectReason::ConnectionLost
        })
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

    /// Counts bytes that went over the connection.
    fn passed(&mut self, bytes: usize) {
        if let Some(throttle) = &mut self.throttle {
            throttle.passed(bytes, self.gateway.deeds.clock().now());
        }
    }

    fn held(&mut self) -> Held {
        let now = || self.gateway.deeds.clock().now();
        let throttle = self.throttle.as_mut();
        throttle.map_or_else(Held::default, |throttle| throttle.held(now()))
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Reads what is there, and adds it to the input. The room for it is this function's alone while something comes: a
/// connection that waits keeps none.
async fn read(stream: &mut Stream, input: &mut BytesMut) -> std::io::Result<usize> {
    poll_fn(|cx| {
        let mut room = [MaybeUninit::uninit(); READ];
        let mut read = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
        input.extend_from_slice(read.filled());
        Ok(read.filled().len()).into()
    })
    .await
}

/// What happens to an accepted client from inside; nothing to one that is not.
async fn client_event(client: Option<&mut Client>, wants_messages: bool, wants_stored: bool) -> Event {
    match client {
        None => std::future::pending().await,
        Some(client) => tokio::select! {
            // INVARIANT: the client's own subscriber keeps its queue open.
            Some(delivery) = client.queue.recv(), if wants_messages => Event::Delivery(delivery),
            () = sessions::ready(client.session.as_mut()), if wants_stored => Event::Stored,
            reply = client.requests.answered() => Event::Answered(reply),
            call = client.place.seat.call() => Event::Called(call),
            () = client.principal.changed() => Event::Changed,
        },
    }
}
