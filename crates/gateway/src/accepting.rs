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

#[cfg(test)]
mod tests {
    use tokio::net::TcpSocket;

    use super::*;

    /// A listener for which the kernel keeps few connections.
    fn listener() -> TcpListener {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket.listen(16).unwrap()
    }

    #[tokio::test]
    async fn a_crowd_does_not_wait_in_the_kernel() {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let mut accepting = accept(listener, Arc::new(Semaphore::new(1000))).unwrap();
        // Nobody takes what was accepted meanwhile.
        let mut clients = Vec::new();
        for _ in 0..100 {
            clients.push(TcpStream::connect(address).await.unwrap());
        }
        for client in &clients {
            let accepted = accepting.accepted.recv().await.unwrap();
            let (tcp, _place) = accepted.into_stream().unwrap();
            assert_eq!(tcp.peer_addr().unwrap(), client.local_addr().unwrap());
        }
    }

    #[tokio::test]
    async fn no_more_are_accepted_than_have_a_place() {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let places = Arc::new(Semaphore::new(1));
        let mut accepting = accept(listener, Arc::clone(&places)).unwrap();
        let _clients = [
            TcpStream::connect(address).await.unwrap(),
            TcpStream::connect(address).await.unwrap(),
        ];
        let first = accepting.accepted.recv().await.unwrap();
        assert_eq!(places.available_permits(), 0);
        assert!(accepting.accepted.try_recv().is_err());
        drop(first);
        accepting.accepted.recv().await.unwrap();
    }

    #[tokio::test]
    async fn the_port_is_free_when_a_listener_has_ended() {
        let listener = listener();
        let address = listener.local_addr().unwrap();
        let Accepting { accepted, ended } = accept(listener, Arc::new(Semaphore::new(1))).unwrap();
        drop(accepted);
        ended.await.unwrap();
        std::net::TcpListener::bind(address).unwrap();
    }
}
