//! The payloads of a WebSocket's frames as a stream of bytes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::{Decoder, FrameError, Heard, Opcode, write};

/// Most bytes of a frame that is sent, and so of what is held back.
const FRAME: usize = 16 * 1024;
/// RFC 6455, 7.4.1: all went well.
const NORMAL: u16 = 1000;

/// A WebSocket after its handshake, from the server's side. It reads and writes what stands in binary frames.
///
/// Pings are answered while it is read, the last one where several wait. A close of the client's reads as the end; one is
/// sent when the stream is shut down, with the reason if the client's frames could not be read.
#[derive(Debug)]
pub struct WebSocket<S> {
    inner: S,
    /// What was read behind the handshake.
    early: Bytes,
    decoder: Decoder,
    /// Frames that wait to be sent, and how much of them was.
    output: Vec<u8>,
    sent: usize,
    /// The payload of a ping that is not answered.
    ping: Option<Vec<u8>>,
    /// The code to close with.
    code: u16,
    /// What cannot be read.
    broken: Option<FrameError>,
    ended: bool,
    close_sent: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    /// A WebSocket over a stream. `early` was read already.
    pub fn new(inner: S, early: Bytes) -> Self {
        Self {
            inner,
            early,
            decoder: Decoder::default(),
            output: Vec::new(),
            sent: 0,
            ping: None,
            code: NORMAL,
            broken: None,
            ended: false,
            close_sent: false,
        }
    }

    /// Reads what is there into `buffer`, frames and all.
    fn poll_raw(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<usize>> {
        if !self.early.is_empty() {
            let piece = self.early.split_to(self.early.len().min(buffer.remaining()));
            buffer.put_slice(&piece);
            return Poll::Ready(Ok(piece.len()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        Poll::Ready(Ok(buffer.filled().len() - before))
    }

    /// Takes apart what was read behind `before`, and leaves there what is MQTT.
    fn take_apart(&mut self, buffer: &mut ReadBuf<'_>, before: usize) -> Result<(), FrameError> {
        let bytes = &mut buffer.filled_mut()[before..];
        let (mut taken, mut kept) = (0, 0);
        while taken < bytes.len() {
            match self.decoder.decode(bytes, &mut taken, &mut kept)? {
                Some(Heard::Ping) => self.ping = Some(self.decoder.control()),
                Some(Heard::Close(code)) => {
                    self.code = code.unwrap_or(NORMAL);
                    self.ended = true;
                }
                None => {}
            }
        }
        buffer.set_filled(before + kept);
        Ok(())
    }

    /// Sends the frames that wait.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.output.len() {
            let wrote = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.output[self.sent..]))?;
            if wrote == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += wrote;
        }
        self.output = Vec::new();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Answers a ping as far as can be. A client that does not read its pongs is found out by what else it is sent.
    fn answer_ping(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.poll_send(cx)?.is_pending() {
            return Ok(());
        }
        let Some(payload) = self.ping.take() else {
            return Ok(());
        };
        write(Opcode::Pong, &payload, &mut self.output);
        if self.poll_send(cx)?.is_ready() {
            let _flushed = Pin::new(&mut self.inner).poll_flush(cx)?;
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        while buffer.remaining() > 0 && !this.ended {
            if let Some(broken) = this.broken {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, broken)));
            }
            if ready!(this.poll_raw(cx, buffer))? == 0 {
                break;
            }
            if let Err(broken) = this.take_apart(buffer, before) {
                // What came before it in the same piece is lost with the connection.
                buffer.set_filled(before);
                this.code = broken.close_code();
                this.broken = Some(broken);
                continue;
            }
            if this.ping.is_some() {
                this.answer_ping(cx)?;
            }
            if buffer.filled().len() > before {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        let piece = &buffer[..buffer.len().min(FRAME)];
        if piece.is_empty() {
            return Poll::Ready(Ok(0));
        }
        if let Some(payload) = this.ping.take() {
            write(Opcode::Pong, &payload, &mut this.output);
        }
        write(Opcode::Binary, piece, &mut this.output);
        // What does not leave now leaves before whatever comes next.
        match this.poll_send(cx) {
            Poll::Ready(Err(cause)) => Poll::Ready(Err(cause)),
            Poll::Ready(Ok(())) | Poll::Pending => Poll::Ready(Ok(piece.len())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.inner).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.close_sent {
            this.close_sent = true;
            write(Opcode::Close, &this.code.to_be_bytes(), &mut this.output);
        }
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.inner).poll_shutdown(cx)
    }
}
