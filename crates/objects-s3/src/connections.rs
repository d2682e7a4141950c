//! Connections to the other server. One whose answer was read to its end is used again.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::endpoint::is_this_machine;

/// A connection, by the host that it is to. It comes back with [`Connections::keep`].
pub(crate) struct Connection {
    host: String,
    sender: SendRequest<Full<Bytes>>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct Broken {
    /// Whether the request may have arrived.
    pub(crate) sent: bool,
    pub(crate) reason: String,
}

impl Broken {
    fn unsent(reason: impl fmt::Display) -> Self {
        Self {
            sent: false,
            reason: reason.to_string(),
        }
    }
}

/// The connections that are idle, and how others are made.
pub(crate) struct Connections {
    idle: Mutex<Vec<Connection>>,
    tls: Option<TlsConnector>,
    port: u16,
}

/// Most connections that are kept while nobody needs them.
const MOST_IDLE: usize = 8;
/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long an answer may take to begin. A server that puts parts together takes its time.
const ANSWERING: Duration = Duration::from_secs(120);

impl Connections {
    pub(crate) fn new(tls: Option<TlsConnector>, port: u16) -> Self {
        Self {
            idle: Mutex::default(),
            tls,
            port,
        }
    }

    /// Sends a request and waits for the head of its answer.
    pub(crate) async fn exchange(
        &self,
        host: &str,
        mut request: Request<Full<Bytes>>,
    ) -> Result<(Response<Incoming>, Connection), Broken> {
        while let Some(mut connection) = self.take(host) {
            // It may have been closed since.
            if connection.sender.ready().await.is_err() {
                continue;
            }
            match answer(&mut connection.sender, request).await {
                Ok(answer) => return Ok((answer, connection)),
                Err((Some(unsent), _)) => request = unsent,
                Err((None, broken)) => return Err(broken),
            }
        }
        let mut connection = match timeout(CONNECTING, self.connect(host)).await {
            Ok(connected) => connected?,
            Err(_) => return Err(Broken::unsent("it does not take connections")),
        };
        match answer(&mut connection.sender, request).await {
            Ok(answer) => Ok((answer, connection)),
            Err((_, broken)) => Err(broken),
        }
    }

    /// Takes a connection back whose answer was read to its end.
    pub(crate) fn keep(&self, connection: Connection) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if !connection.sender.is_closed() && idle.len() < MOST_IDLE {
            idle.push(connection);
        }
    }

    fn take(&self, host: &str) -> Option<Connection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|connection| !connection.sender.is_closed());
        let place = idle.iter().rposition(|connection| connection.host == host)?;
        Some(idle.swap_remove(place))
    }

    async fn connect(&self, host: &str) -> Result<Connection, Broken> {
        let name = without_port(host);
        // Not every resolver knows what begins before `.localhost`.
        let resolved = match is_this_machine(name) && name.ends_with("localhost") {
            true => "localhost",
            false => name,
        };
        let stream = TcpStream::connect((resolved, self.port))
            .await
            .map_err(Broken::unsent)?;
        stream.set_nodelay(true).map_err(Broken::unsent)?;
        let sender = match &self.tls {
            None => start(stream).await?,
            Some(tls) => {
                let name = ServerName::try_from(name.to_owned()).map_err(Broken::unsent)?;
                start(tls.connect(name, stream).await.map_err(Broken::unsent)?).await?
            }
        };
        Ok(Connection {
            host: host.to_owned(),
            sender,
        })
    }
}

async fn start(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, Broken> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(Broken::unsent)?;
    // It ends with its sender and the answer that is being read.
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to the endpoint of objects ended");
        }
    });
    Ok(sender)
}

/// The answer, or the request back if it was not sent.
async fn answer(
    sender: &mut SendRequest<Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, (Option<Request<Full<Bytes>>>, Broken)> {
    match timeout(ANSWERING, sender.try_send_request(request)).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(mut failed)) => {
            let unsent = failed.take_message();
            let broken = Broken {
                sent: unsent.is_none(),
                reason: failed.into_error().to_string(),
            };
            Err((unsent, broken))
        }
        Err(_) => Err((
            None,
            Broken {
                sent: true,
                reason: "it does not answer".into(),
            },
        )),
    }
}

/// The name or address of a host with a port.
fn without_port(host: &str) -> &str {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let name = match host.rsplit_once(':') {
        Some((name, port)) if digits(port) => name,
        _ => host,
    };
    name.trim_matches(['[', ']'])
}

#[cfg(test)]
mod tests {
    use super::without_port;

    #[test]
    fn a_port_is_cut_off() {
        for (host, name) in [
            ("s3.example", "s3.example"),
            ("s3.example:9000", "s3.example"),
            ("[::1]:9000", "::1"),
            ("[::1]", "::1"),
            ("127.0.0.1:1", "127.0.0.1"),
        ] {
            assert_eq!(without_port(host), name);
        }
    }
}
