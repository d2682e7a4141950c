//! The limit of a delivery: what one connection says is decrypted, and encrypted again for each that listens to it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Says that a connection listens in the room whose number follows.
pub(crate) const LISTENS: u8 = b'l';
/// Says that a connection speaks in the room whose number follows.
pub(crate) const SPEAKS: u8 = b's';
/// The answer to both.
pub(crate) const READY: u8 = b'.';

/// Bytes of a record of TLS, as our server reads them.
const READ: usize = 16 * 1024;

type Rooms = Arc<Mutex<HashMap<u32, Vec<TlsStream<TcpStream>>>>>;

/// Accepts connections until nobody waits for it any more.
pub(super) async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    let rooms = Rooms::default();
    while let Ok((tcp, _)) = listener.accept().await {
        tokio::spawn(take_place(tcp, acceptor.clone(), Arc::clone(&rooms)));
    }
}

async fn take_place(tcp: TcpStream, acceptor: TlsAcceptor, rooms: Rooms) -> std::io::Result<()> {
    tcp.set_nodelay(true)?;
    let mut stream = acceptor.accept(tcp).await?;
    let role = stream.read_u8().await?;
    let room = stream.read_u32().await?;
    stream.write_u8(READY).await?;
    stream.flush().await?;
    let mut listeners = {
        let mut rooms = rooms.lock().unwrap_or_else(PoisonError::into_inner);
        let listeners = rooms.entry(room).or_default();
        if role == LISTENS {
            listeners.push(stream);
            return Ok(());
        }
        std::mem::take(listeners)
    };
    let mut said = vec![0; READ];
    loop {
        let length = stream.read(&mut said).await?;
        if length == 0 {
            return Ok(());
        }
        for listener in &mut listeners {
            listener.write_all(&said[..length]).await?;
            listener.flush().await?;
        }
    }
}
