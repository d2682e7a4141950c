//! Sending what was written.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use thingsmith_mqtt::DisconnectReason;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::{Connection, calls, changes};

impl Connection {
    /// Sends what is to be sent. A client that takes nothing for a while is given up; one that does not read must not
    /// keep its client id from its successor, nor the server from ending.
    pub(super) async fn flush(&mut self) -> Result<(), DisconnectReason> {
        if self.output.is_empty() || self.cut {
            return Ok(());
        }
        self.passed(self.output.len());
        // Mostly the kernel has room for it.
        let sent = poll_fn(|cx| Poll::Ready(self.send_at_once(cx))).await;
        let flushed = match sent {
            Poll::Ready(sent) => sent.map_err(|cause| lost(self.peer.address, &cause)),
            Poll::Pending => Box::pin(self.flush_output()).await,
        };
        self.cut = flushed.is_err();
        flushed
    }

    /// Sends what can be sent without waiting.
    fn send_at_once(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.output.is_empty() {
            match ready!(Pin::new(&mut self.stream).poll_write(cx, &self.output))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.output.advance(sent),
            }
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // A connection that waits keeps no room.
        self.output = BytesMut::new();
        Poll::Ready(Ok(()))
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
        let sent: io::Result<()> = loop {
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
        sent.map_err(|cause| lost(self.peer.address, &cause))
    }
}

fn lost(peer: SocketAddr, cause: &io::Error) -> DisconnectReason {
    tracing::debug!(%peer, %cause, "the client takes nothing more");
    DisconnectReason::ConnectionLost
}
