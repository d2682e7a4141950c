//! What an admitted client speaks through.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustls::{ProtocolVersion, ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The encrypted stream of an admitted client.
#[derive(Debug)]
pub struct AdmittedStream {
    /// In a box: the state of TLS is large, and futures hold what they are given more than once.
    tls: Box<TlsStream<TcpStream>>,
}

impl AdmittedStream {
    /// Joins a connection whose handshake is done with its TCP stream, and sends what the connection still holds
    /// back: in TLS 1.2 the server's Finished.
    pub(crate) async fn new(
        tcp: TcpStream,
        config: Arc<ServerConfig>,
        connection: Box<ServerConnection>,
    ) -> io::Result<Self> {
        // tokio-rustls makes a stream only of a connection of its own, so ours takes that one's place.
        let tls = TlsAcceptor::from(config)
            .accept_with(tcp, |fresh| *fresh = *connection)
            .await?;
        Ok(Self { tls: Box::new(tls) })
    }

    /// The TCP stream below, for its addresses and options.
    pub fn tcp(&self) -> &TcpStream {
        self.tls.get_ref().0
    }

    /// The protocol agreed by ALPN, if any.
    pub fn protocol(&self) -> Option<&[u8]> {
        self.tls.get_ref().1.alpn_protocol()
    }

    /// The TLS version spoken.
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.tls.get_ref().1.protocol_version()
    }
}

impl AsyncRead for AdmittedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.tls).poll_read(cx, buffer)
    }
}

impl AsyncWrite for AdmittedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.tls).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.tls).poll_write_vectored(cx, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.tls).poll_shutdown(cx)
    }
}
