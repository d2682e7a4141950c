//! The TCP stream under a handshake: rustls reads and writes blocking-style, the wire waits for it.

use std::future::poll_fn;
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::ServerConnection;
use tokio::io::{AsyncRead, AsyncWriteExt, Interest, ReadBuf};
use tokio::net::TcpStream;

/// Bytes already received that are thrown away at a refusal. TCP answers a close over unread bytes with a reset, and
/// a reset overtakes the alert that tells the client why.
const DISCARD_BYTES: usize = 64 * 1024;

/// Wakes when the peer has closed, without waking for the data before. Elsewhere than on Linux tokio offers no such
/// thing, so there a peer's data hides its close.
#[cfg(any(target_os = "linux", target_os = "android"))]
const PEER_CLOSED: Interest = Interest::PRIORITY;
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const PEER_CLOSED: Interest = Interest::READABLE;

/// One client's TCP stream during its handshake.
pub(crate) struct Wire {
    tcp: TcpStream,
    bytes_read: usize,
}

impl Wire {
    pub(crate) fn new(tcp: TcpStream) -> Self {
        Self { tcp, bytes_read: 0 }
    }

    pub(crate) fn into_tcp(self) -> TcpStream {
        self.tcp
    }

    /// Bytes read so far, by which a handshake is bounded.
    pub(crate) fn bytes_read(&self) -> usize {
        self.bytes_read
    }

    /// Waits for bytes and has `reader` read once. Zero: the peer has closed.
    pub(crate) async fn read(
        &mut self,
        mut reader: impl FnMut(&mut dyn Read) -> io::Result<usize>,
    ) -> io::Result<usize> {
        // Not `readable` and `try_read`: of a read that took less than there was room for they do not learn that nothing is
        // left, and so ask the system in vain before each wait.
        let tcp = &mut self.tcp;
        let read = poll_fn(|context| match reader(&mut Polled { tcp, context }) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            read => Poll::Ready(read),
        });
        let read = read.await;
        self.bytes_read += *read.as_ref().unwrap_or(&0);
        read
    }

    /// Waits for room and has `writer` write once.
    pub(crate) async fn write(
        &mut self,
        mut writer: impl FnMut(&mut dyn Write) -> io::Result<usize>,
    ) -> io::Result<usize> {
        loop {
            self.tcp.writable().await?;
            match writer(&mut Unwaiting(&self.tcp)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                written => return written,
            }
        }
    }

    /// Writes all that the connection has to say.
    pub(crate) async fn flush(&mut self, connection: &mut ServerConnection) -> io::Result<()> {
        while connection.wants_write() {
            if self.write(|io| connection.write_tls(io)).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        Ok(())
    }

    /// Writes a fatal alert in clear, which a client reads as long as our side of the connection is not yet
    /// encrypted. Failing to tell changes nothing.
    pub(crate) async fn alert(&mut self, description: u8) {
        // RFC 8446 5.1 and 6: record type alert, legacy version 1.2, length 2, level fatal, description.
        let record = [21, 3, 3, 0, 2, 2, description];
        let mut rest = &record[..];
        while let Ok(written @ 1..) = self.write(|io| io.write(rest)).await {
            rest = &rest[written..];
            if rest.is_empty() {
                return;
            }
        }
    }

    /// Returns when the peer has closed its side or reset the connection. Reads nothing.
    pub(crate) async fn peer_closed(&self) {
        match self.tcp.ready(PEER_CLOSED).await {
            Ok(ready) if !ready.is_read_closed() => std::future::pending().await,
            _ => {}
        }
    }

    /// Closes after a refusal: first our side, then without a reset, as far as the peer's bytes have arrived.
    pub(crate) async fn close(mut self) {
        let _ = self.tcp.shutdown().await;
        let mut discarded = 0;
        let mut buffer = [0; 1024];
        while let Ok(read @ 1..) = self.tcp.try_read(&mut buffer) {
            discarded += read;
            if discarded >= DISCARD_BYTES {
                return;
            }
        }
    }
}

/// A stream that answers `WouldBlock` where it would have to wait, and has the task woken when there is something to read.
struct Polled<'a, 'b> {
    tcp: &'a mut TcpStream,
    context: &'a mut Context<'b>,
}

impl Read for Polled<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut buffer = ReadBuf::new(buffer);
        match Pin::new(&mut *self.tcp).poll_read(self.context, &mut buffer) {
            Poll::Ready(read) => read.map(|()| buffer.filled().len()),
            Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
        }
    }
}

/// A stream that answers `WouldBlock` where it would have to wait.
struct Unwaiting<'a>(&'a TcpStream);

impl Write for Unwaiting<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.try_write(buffer)
    }

    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write_vectored(buffers)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
