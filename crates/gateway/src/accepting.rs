//! Takes connections out of the kernel's queue, on a thread of its own.
//!
//! The kernel keeps a few thousand connections for a listener (Linux: `net.core.somaxconn`) and forgets what comes on top;
//! a client that it forgot tries again after one second, then two, four and so on, or is reset. A fleet that comes back at
//! once is more than that. Taking a connection costs little, but on the threads where handshakes are computed it waits
//! behind hundreds of them: here it does not, and the crowd waits in a queue that holds whoever there is a place for.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinHandle;

/// How long nothing is accepted after a failure: out of descriptors, most likely, and those that end free some.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection whose client waits.
pub(crate) struct Accepted {
    tcp: std::net::TcpStream,
    pub(crate) peer: SocketAddr,
    /// Its place among all connections.
    pub(crate) place: OwnedSemaphorePermit,
}

impl Accepted {
    /// The connection, and whose place it has.
    pub(crate) fn into_stream(self) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
        Ok((TcpStream::from_std(self.tcp)?, self.place))
    }
}

/// A listener at work. It ends, and its port is free, when the receiver of its connections is dropped and the handle has
/// ended.
pub(crate) struct Accepting {
    pub(crate) accepted: UnboundedReceiver<Accepted>,
    pub(crate) ended: JoinHandle<()>,
}

/// Accepts as many connections as there are places for, whether anybody takes them or not.
pub(crate) fn accept(listener: TcpListener, places: Arc<Semaphore>) -> io::Result<Accepting> {
    let listener = listener.into_std()?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // INVARIANT: what waits in it is bounded by the places.
    let (sender, accepted) = unbounded_channel();
    let ended = tokio::task::spawn_blocking(move || {
        if let Err(cause) = run(&runtime, listener, &places, &sender) {
            tracing::error!(%cause, "a listener ended");
        }
    });
    Ok(Accepting { accepted, ended })
}

fn run(
    runtime: &Runtime,
    listener: std::net::TcpListener,
    places: &Arc<Semaphore>,
    sender: &UnboundedSender<Accepted>,
) -> io::Result<()> {
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener)?;
        tokio::select! {
            () = take_all(&listener, places, sender) => {}
            () = sender.closed() => {}
        }
        Ok(())
    })
}

/// Ends when nobody wants connections any more.
async fn take_all(listener: &TcpListener, places: &Arc<Semaphore>, sender: &UnboundedSender<Accepted>) {
    loop {
        // The connection belongs to this runtime's reactor until it is taken out of it.
        let taken = match listener.accept().await {
            Ok((tcp, peer)) => tcp.into_std().map(|tcp| (tcp, peer)),
            Err(cause) => Err(cause),
        };
        match taken {
            Ok((tcp, peer)) => {
                // Taken after the connection is there, since several listeners share the places.
                let Ok(place) = Arc::clone(places).acquire_owned().await else {
                    return;
                };
                if sender.send(Accepted { tcp, peer, place }).is_err() {
                    return;
                }
            }
            Err(cause) => {
                tracing::error!(%cause, "no connection could be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
