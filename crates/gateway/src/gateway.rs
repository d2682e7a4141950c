//! Listens, and hands each client from one stage to the next.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use thingsmith_core::Deeds;
use thingsmith_core::connections::{self, Admission, Refusal};
use thingsmith_core::messages::wills::PendingWills;
use thingsmith_core::messages::{Clients, QueueLimits};
use thingsmith_core::realms::RealmRecord;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;

use crate::connection::{self, Peer};
use crate::doors::Doors;
use crate::refusal;
use crate::tls::{self, Admitted, Permits, Presented, Refused};

/// How much strangers and devices may take.
#[derive(Debug, Clone)]
pub struct Config {
    /// Handshakes under way at once.
    pub handshakes: NonZeroUsize,
    /// Handshakes under way at once from one address.
    pub handshakes_per_address: NonZeroUsize,
    /// Connections at once.
    pub connections: usize,
    /// What may wait for one connection to read it.
    pub delivery_queue: QueueLimits,
    /// How long a client may take nothing of what is sent to it.
    pub write_patience: Duration,
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
                messages: 256,
                bytes: 4 * 1024 * 1024,
            },
            write_patience: Duration::from_secs(30),
            tls: tls::Limits::default(),
            mqtt: thingsmith_mqtt::Limits::default(),
        }
    }
}

/// How often wills whose delay is over are looked for.
const WILLS: Duration = Duration::from_millis(250);

/// The device gateway of a node.
pub struct Gateway {
    pub(crate) deeds: Arc<Deeds>,
    pub(crate) clients: Arc<Clients>,
    pub(crate) mqtt: Arc<thingsmith_mqtt::Limits>,
    pub(crate) config: Config,
    /// The wills whose delay is not over.
    pub(crate) wills: PendingWills,
    doors: Doors,
    permits: Permits,
    connections: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway that serves nobody yet.
    pub fn new(deeds: Arc<Deeds>, clients: Arc<Clients>, doors: Doors, config: Config) -> Arc<Self> {
        Arc::new(Self {
            permits: Permits::new(config.handshakes, config.handshakes_per_address),
            connections: Arc::new(Semaphore::new(config.connections.min(Semaphore::MAX_PERMITS))),
            mqtt: Arc::new(config.mqtt.clone()),
            wills: PendingWills::default(),
            deeds,
            clients,
            doors,
            config,
        })
    }

    /// Serves clients until `shutdown` turns true, then lets every connection end and returns.
    pub async fn serve(self: Arc<Self>, listener: TcpListener, mut shutdown: watch::Receiver<bool>) {
        let mut clients = JoinSet::new();
        let for_clients = shutdown.clone();
        let mut wills = tokio::time::interval(WILLS);
        wills.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                accepted = self.accept(&listener) => {
                    if let Some((tcp, peer, permit, place)) = accepted {
                        let gateway = Arc::clone(&self);
                        let shutdown = for_clients.clone();
                        clients.spawn(async move {
                            gateway.welcome(tcp, peer, permit, shutdown).await;
                            drop(place);
                        });
                    }
                }
                Some(_) = clients.join_next() => {}
                _ = wills.tick() => {
                    for will in self.wills.take_due(self.deeds.clock().now()) {
                        clients.spawn(connection::execute_will(Arc::clone(&self), will));
                    }
                }
                _ = shutdown.wait_for(|stop| *stop) => break,
            }
        }
        drop(listener);
        while clients.join_next().await.is_some() {}
        // Nobody else will publish them.
        for will in self.wills.take_all() {
            connection::execute_will(Arc::clone(&self), will).await;
        }
    }

    /// Accepts a connection once there is room for its handshake; a crowd waits in the kernel's queue.
    async fn accept(
        &self,
        listener: &TcpListener,
    ) -> Option<(TcpStream, SocketAddr, tls::Permit, OwnedSemaphorePermit)> {
        let place = Arc::clone(&self.connections).acquire_owned().await.ok()?;
        let room = self.permits.room().await;
        match listener.accept().await {
            Ok((tcp, peer)) => match room.admit(peer.ip()) {
                Ok(permit) => Some((tcp, peer, permit, place)),
                Err(crowded) => {
                    tracing::info!(%peer, reason = %crowded, "connection refused");
                    None
                }
            },
            Err(cause) => {
                // Out of descriptors, most likely: those that end free some.
                tracing::error!(%cause, "no connection could be accepted");
                tokio::time::sleep(Duration::from_millis(100)).await;
                None
            }
        }
    }

    async fn welcome(
        self: Arc<Self>,
        tcp: TcpStream,
        address: SocketAddr,
        permit: tls::Permit,
        mut shutdown: watch::Receiver<bool>,
    ) {
        // Small packets that answer each other: waiting to fill a segment only delays them.
        if let Err(cause) = tcp.set_nodelay(true) {
            tracing::debug!(peer = %address, %cause, "the connection was lost at once");
            return;
        }
        // Boxed, so that a connection does not keep the room of its handshake for as long as it lasts.
        let admitted = tokio::select! {
            admitted = Box::pin(self.shake_hands(tcp)) => admitted,
            _ = shutdown.wait_for(|stop| *stop) => return,
        };
        drop(permit);
        match admitted {
            Ok(Admitted {
                stream,
                hello,
                admission,
            }) => {
                let peer = Peer {
                    address,
                    server_name: hello.server_name.clone(),
                    admission,
                };
                connection::serve(&self, stream, peer, shutdown).await;
            }
            Err(refused) => refusal::handshake(address, &refused),
        }
    }

    async fn shake_hands(&self, tcp: TcpStream) -> Result<Admitted<Admission>, Refused<Refusal>> {
        let realm: OnceLock<Option<Arc<RealmRecord>>> = OnceLock::new();
        let door = async |hello: Arc<tls::Hello>| match self.doors.choose(&hello).await {
            Ok(Some(entrance)) => {
                realm.set(entrance.realm).ok();
                Some(entrance.door)
            }
            Ok(None) => None,
            Err(cause) => {
                tracing::error!(%cause, "no door could be opened");
                None
            }
        };
        let verdict = async |presented: Presented| {
            let realm = realm.get().cloned().flatten();
            // INVARIANT: the doors of this listener require a certificate; without one the handshake fails.
            let certificate = presented
                .certificates
                .first()
                .map(AsRef::as_ref)
                .unwrap_or_default();
            connections::admit(&self.deeds, realm, certificate).await
        };
        tls::accept(tcp, &self.config.tls, door, verdict).await
    }
}
