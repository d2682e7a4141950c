//! Listens, and hands each client from one stage to the next.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thingsmith_core::Deeds;
use thingsmith_core::callers::AccessKeys;
use thingsmith_core::connections::{self, Admission, FirstConnection, Proof, Refusal, Shown};
use thingsmith_core::messages::QueueLimits;
use thingsmith_core::messages::wills::PendingWills;
use thingsmith_core::realms::RealmRecord;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::accepting::{self, Accepted, Accepting};
use crate::connection::{self, ConnectionRates, Peer};
use crate::doors::{Doors, Speaks, Spoken};
use crate::https;
use crate::refusal;
use crate::tls::{self, Admitted, Permits, Presented, Refused};

/// How much strangers and devices may take.
#[derive(Debug, Clone)]
pub struct Config {
    /// Handshakes under way at once.
    pub handshakes: NonZeroUsize,
    /// Handshakes under way at once from one address.
    pub handshakes_per_address: NonZeroUsize,
    /// Connections at once, those that wait for their handshake among them.
    pub connections: usize,
    /// What may wait for one connection to read it.
    pub delivery_queue: QueueLimits,
    /// How many bytes may wait for all connections together.
    pub delivery_memory: usize,
    /// Subscriptions of one connection (AWS's quota "Maximum number of subscriptions per connection").
    pub subscriptions: usize,
    /// How fast one connection may be; without, as fast as the server serves it.
    pub rates: Option<ConnectionRates>,
    /// How long a client may take nothing of what is sent to it.
    pub write_patience: Duration,
    /// Time for the head of an HTTPS request, and so also for the silence between two.
    pub https_patience: Duration,
    /// What becomes of the connection on which a device is registered or provisioned just in time.
    pub first_connection: FirstConnection,
    /// Bounds of one handshake.
    pub tls: tls::Limits,
    /// Bounds of MQTT.
    pub mqtt: thingsmith_mqtt::Limits,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            handshakes: NonZeroUsize::new(1024).expect("it is not zero"),
            handshakes_per_address: NonZeroUsize::new(256).expect("it is not zero"),
            connections: 500_000,
            delivery_queue: QueueLimits {
                messages: 1024,
                bytes: 4 * 1024 * 1024,
            },
            delivery_memory: 1024 * 1024 * 1024,
            subscriptions: 50,
            rates: None,
            write_patience: Duration::from_secs(30),
            https_patience: Duration::from_secs(60),
            first_connection: FirstConnection::default(),
            tls: tls::Limits::default(),
            mqtt: thingsmith_mqtt::Limits::default(),
        }
    }
}

impl Config {
    /// What AWS holds connections to; of accounts [`Limits::aws`](thingsmith_core::quotas::Limits::aws) says it.
    pub fn aws() -> Self {
        let protocol = Self::default();
        Self {
            rates: Some(ConnectionRates::aws()),
            mqtt: thingsmith_mqtt::Limits::aws(),
            ..protocol
        }
    }
}

/// What is spoken with a client that was admitted, until one of the two ends it.
type Conversation = Pin<Box<dyn Future<Output = ()> + Send>>;

/// How often wills whose delay is over are looked for, and connections whose time is.
const WILLS: Duration = Duration::from_millis(250);

/// The device gateway of a node.
pub struct Gateway {
    pub(crate) deeds: Arc<Deeds>,
    pub(crate) mqtt: Arc<thingsmith_mqtt::Limits>,
    pub(crate) config: Config,
    /// The wills whose delay is not over.
    pub(crate) wills: PendingWills,
    /// Those who sign with a key.
    pub(crate) keys: Arc<AccessKeys>,
    doors: Doors,
    permits: Permits,
    connections: Arc<Semaphore>,
}

/// Where a client came in, and what it showed there.
struct Entered {
    /// Where its server name leads.
    realm: Option<Arc<RealmRecord>>,
    spoken: Spoken,
    /// Of its certificate, if it showed one.
    admission: Option<Admission>,
}

impl Gateway {
    /// A gateway that serves nobody yet.
    pub fn new(deeds: Arc<Deeds>, doors: Doors, keys: Arc<AccessKeys>, config: Config) -> Arc<Self> {
        deeds.router().bound_memory(config.delivery_memory);
        Arc::new(Self {
            permits: Permits::new(config.handshakes, config.handshakes_per_address),
            connections: Arc::new(Semaphore::new(config.connections.min(Semaphore::MAX_PERMITS))),
            mqtt: Arc::new(config.mqtt.clone()),
            wills: PendingWills::default(),
            deeds,
            doors,
            keys,
            config,
        })
    }

    /// Serves clients of MQTT until `shutdown` turns true, then lets every connection end and returns.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, shutdown: watch::Receiver<bool>) {
        self.listen(listener, Speaks::Mqtt, shutdown).await;
    }

    /// As [`Self::serve`], on a port where ALPN says what is spoken.
    pub async fn serve_https(self: Arc<Self>, listener: TcpListener, shutdown: watch::Receiver<bool>) {
        self.listen(listener, Speaks::Https, shutdown).await;
    }

    /// As [`Self::serve_https`], on a port where a client that does not say by ALPN that it has a certificate is not asked
    /// for one: a browser that is asked shows its user a prompt.
    pub async fn serve_browsers(self: Arc<Self>, listener: TcpListener, shutdown: watch::Receiver<bool>) {
        self.listen(listener, Speaks::Web, shutdown).await;
    }

    async fn listen(
        self: Arc<Self>,
        listener: TcpListener,
        speaks: Speaks,
        mut shutdown: watch::Receiver<bool>,
    ) {
        let Accepting { accepted, ended } = match accepting::accept(listener, Arc::clone(&self.connections)) {
            Ok(accepting) => accepting,
            Err(cause) => {
                tracing::error!(%cause, "a listener could not begin");
                return;
            }
        };
        let mut clients = JoinSet::new();
        let for_clients = shutdown.clone();
        // One future for each connection: one that waits for room must not be lost when something else happens.
        let mut next = Box::pin(self.next_client(accepted));
        let mut wills = tokio::time::interval(WILLS);
        wills.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                (accepted, client) = &mut next => {
                    next.set(self.next_client(accepted));
                    if let Some((tcp, peer, permit, place)) = client {
                        let gateway = Arc::clone(&self);
                        let shutdown = for_clients.clone();
                        clients.spawn(async move {
                            let open = gateway.deeds.metrics().accepted();
                            // Boxed, so that a connection does not keep the room of its handshake for as long as it lasts.
                            let welcome = Arc::clone(&gateway).welcome(tcp, peer, speaks, permit, shutdown);
                            let welcomed = Box::pin(welcome).await;
                            if let Some(conversation) = welcomed {
                                conversation.await;
                            }
                            drop(open);
                            drop(place);
                        });
                    }
                }
                Some(_) = clients.join_next() => {}
                _ = wills.tick() => {
                    let now = self.deeds.clock().now();
                    self.deeds.watches().pass(now);
                    for will in self.wills.take_due(now) {
                        clients.spawn(connection::execute_will(Arc::clone(&self), will));
                    }
                }
                _ = shutdown.wait_for(|stop| *stop) => break,
            }
        }
        // Dropping its receiver ends the listener.
        drop(next);
        if let Err(cause) = ended.await {
            tracing::error!(%cause, "a listener did not end well");
        }
        while clients.join_next().await.is_some() {}
        // Nobody else will publish them.
        for will in self.wills.take_all() {
            connection::execute_will(Arc::clone(&self), will).await;
        }
    }

    /// Waits for the next connection and then until there is room for its handshake. Gives the queue back, and nothing
    /// else if the client cannot be served; waits for ever when no connection will come any more.
    async fn next_client(
        &self,
        mut accepted: UnboundedReceiver<Accepted>,
    ) -> (
        UnboundedReceiver<Accepted>,
        Option<(TcpStream, SocketAddr, tls::Permit, OwnedSemaphorePermit)>,
    ) {
        let Some(connection) = accepted.recv().await else {
            return std::future::pending().await;
        };
        let peer = connection.peer;
        // Taken after the connection is there, since several listeners share it.
        let client = match self.permits.room().await.admit(peer.ip()) {
            Ok(permit) => match connection.into_stream() {
                Ok((tcp, place)) => Some((tcp, peer, permit, place)),
                Err(cause) => {
                    tracing::debug!(%peer, %cause, "the connection was lost at once");
                    None
                }
            },
            Err(crowded) => {
                refusal::crowded(&self.deeds, peer, &crowded);
                None
            }
        };
        (accepted, client)
    }

    /// Shakes hands with a client, and gives back what follows if it is admitted.
    async fn welcome(
        self: Arc<Self>,
        tcp: TcpStream,
        address: SocketAddr,
        speaks: Speaks,
        permit: tls::Permit,
        mut shutdown: watch::Receiver<bool>,
    ) -> Option<Conversation> {
        // Small packets that answer each other: waiting to fill a segment only delays them.
        if let Err(cause) = tcp.set_nodelay(true) {
            tracing::debug!(peer = %address, %cause, "the connection was lost at once");
            return None;
        }
        let Ok(local) = tcp.local_addr() else {
            return None;
        };
        let admitted = tokio::select! {
            admitted = self.shake_hands(tcp, speaks) => admitted,
            _ = shutdown.wait_for(|stop| *stop) => return None,
        };
        drop(permit);
        match admitted {
            Ok(Admitted {
                stream,
                hello,
                admission,
            }) => {
                let server_name = hello.server_name.clone();
                let Entered {
                    realm,
                    spoken,
                    admission,
                } = admission;
                match (spoken, admission) {
                    (Spoken::Mqtt, Some(admission)) => {
                        let peer = Peer {
                            address,
                            local,
                            server_name,
                            proof: Some(Proof::Certificate(admission)),
                        };
                        let stream = stream.into();
                        Some(Box::pin(connection::serve(self, stream, None, peer, shutdown)))
                    }
                    // INVARIANT: a door where MQTT alone is spoken requires a certificate.
                    (Spoken::Mqtt, None) => None,
                    (spoken, admission) => {
                        let visitor = https::Visitor {
                            address,
                            local,
                            server_name,
                            realm,
                            admission,
                            spoken,
                        };
                        Some(Box::pin(async move {
                            https::serve(&self, stream, visitor, shutdown).await;
                        }))
                    }
                }
            }
            Err(refused) => {
                refusal::handshake(&self.deeds, address, &refused);
                None
            }
        }
    }

    async fn shake_hands(
        &self,
        tcp: TcpStream,
        speaks: Speaks,
    ) -> Result<Admitted<Entered>, Refused<Refusal>> {
        let entered: OnceLock<(Option<Arc<RealmRecord>>, Spoken)> = OnceLock::new();
        let door = async |hello: Arc<tls::Hello>| match self.doors.choose(&hello, speaks).await {
            Ok(Some(entrance)) => {
                entered.set((entrance.realm, entrance.spoken)).ok();
                Some(entrance.door)
            }
            Ok(None) => None,
            Err(cause) => {
                tracing::error!(%cause, "no door could be opened");
                None
            }
        };
        let verdict = async |presented: Presented| {
            // INVARIANT: nobody comes to the verdict but through a door.
            let (realm, spoken) = entered.get().cloned().unwrap_or((None, Spoken::Mqtt));
            let mut sent = presented.certificates.iter();
            let admission = match sent.next() {
                Some(certificate) => {
                    let shown = Shown {
                        certificate,
                        // RFC 5246 7.4.2 and RFC 8446 4.4.2: each certificate certifies the one before it.
                        issuer: sent.next().map(AsRef::as_ref),
                    };
                    let first = self.config.first_connection;
                    Some(connections::admit(&self.deeds, realm.clone(), shown, first).await?)
                }
                // Only where none is required; then what is spoken decides.
                None => None,
            };
            Ok(Entered {
                realm,
                spoken,
                admission,
            })
        };
        tls::accept(tcp, &self.config.tls, door, verdict).await
    }
}
