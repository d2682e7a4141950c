//! One client's connection: a task that owns its socket, its codec and its session.

mod actions;
mod calls;
mod changes;
mod client;
mod deliveries;
mod flush;
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
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::ready;
use std::time::Duration;

use bytes::BytesMut;
use thingsmith_core::clients::Call;
use thingsmith_core::connections::Proof;
use thingsmith_core::fleet_provisioning::Reply;
use thingsmith_model::Timestamp;
use thingsmith_mqtt::{Action, Codec, DisconnectReason, Session};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep, sleep_until, timeout};

use self::client::Client;
pub(crate) use self::stream::Stream;
pub use self::throttle::ConnectionRates;
use self::throttle::{Held, Throttle};
pub(crate) use self::wills::execute as execute_will;
use crate::gateway::Gateway;
use crate::websocket::FrameError;

/// Bytes asked for at a time: as many as a record of TLS may carry (RFC 8446, 5.1).
const READ: usize = 16 * 1024;
/// Packets taken before anything else is looked at again: a client that sends many at once gets no more than its turn.
const PACKETS: usize = 64;
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
        now_ms: 0,
        now,
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
    /// Milliseconds from then to now, as of the last look at the clock.
    now_ms: u64,
    /// What time it is, as of that look.
    now: Timestamp,
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
    /// Messages wait for the client.
    Deliveries,
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
        let mut shutdown = self.shutdown.clone();
        let mut stopped = pin!(async { drop(shutdown.wait_for(|stop| *stop).await) });
        let mut alarm = pin!(sleep_until(self.started));
        while !self.session.is_closed() {
            let event = self
                .next_event(&mut input, alarm.as_mut(), stopped.as_mut())
                .await;
            self.take_turn(event, &mut input).await;
        }
        // The other end is told that nothing follows; whether it hears it is its own matter.
        drop(timeout(Duration::from_secs(1), self.stream.shutdown()).await);
    }

    /// Does what an event asks for, and all that follows from it.
    ///
    /// What comes seldom is boxed here and below: a future is moved to where it is awaited, with the room for all that it may
    /// ever wait for, and this one is made for each event.
    async fn take_turn(&mut self, event: Event, input: &mut BytesMut) {
        let actions = &mut Vec::new();
        self.look_at_the_clock();
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
            Event::Deliveries => self.deliver_waiting(actions).await,
            Event::Stored => Box::pin(self.deliver_stored(actions)).await,
            Event::Answered(Some(reply)) => Box::pin(self.deliver_reply(reply, actions)).await,
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
                self.session.tick(self.now_ms, actions);
            }
        }
        self.carry_out(actions).await;
        self.take_packets(input, actions).await;
        if self.is_unsettled() {
            Box::pin(self.settle_session(actions)).await;
        }
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

    /// Waits for what happens next. `alarm` and `stopped` are kept from event to event: setting them up for each packet costs
    /// more than the packet.
    async fn next_event(
        &mut self,
        input: &mut BytesMut,
        alarm: Pin<&mut Sleep>,
        stopped: Pin<&mut impl Future<Output = ()>>,
    ) -> Event {
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
            () = stopped => return Event::Shutdown,
            () = released(), if held != Held::default() => return Event::Released,
            () = until(deadline, alarm) => {}
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
                Ok(Some(packet)) => self.session.receive(packet, self.now_ms, actions),
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

    /// Once in a turn, and after each time that it waited: what happens in between takes less than a millisecond.
    fn look_at_the_clock(&mut self) {
        self.now_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.now = self.gateway.deeds.clock().now();
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

/// Waits until it is to be looked whether what is held back may be taken.
async fn released() {
    sleep(RELEASE).await;
}

/// Waits until a deadline; for ever where there is none. Each packet puts it off, and the alarm is left as it is until it
/// goes off.
async fn until(deadline: Option<Instant>, mut alarm: Pin<&mut Sleep>) {
    let Some(deadline) = deadline else {
        return std::future::pending().await;
    };
    if deadline < alarm.deadline() {
        alarm.as_mut().reset(deadline);
    }
    loop {
        alarm.as_mut().await;
        if deadline <= alarm.deadline() {
            return;
        }
        alarm.as_mut().reset(deadline);
    }
}

/// What happens to an accepted client from inside; nothing to one that is not.
async fn client_event(client: Option<&mut Client>, wants_messages: bool, wants_stored: bool) -> Event {
    match client {
        None => std::future::pending().await,
        Some(client) => tokio::select! {
            () = client.queue.ready(), if wants_messages => Event::Deliveries,
            () = sessions::ready(client.session.as_mut()), if wants_stored => Event::Stored,
            reply = client.requests.answered() => Event::Answered(reply),
            call = client.place.seat.call() => Event::Called(call),
            () = client.principal.changed() => Event::Changed,
        },
    }
}
