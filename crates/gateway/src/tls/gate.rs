//! The gate: one client from its first byte to the verdict.
//!
//! The order is the point. The verdict is asked once the client has proved that it holds its key, never before, so
//! that a stranger cannot buy look-ups or registrations with a certificate he only copied. In TLS 1.2 the server's
//! Finished waits for the verdict: rustls only queues it, and nothing is written until the verdict is there, so a
//! refused client sees its handshake fail, with the alert `access_denied`. In TLS 1.3 the server's Finished has left
//! before the client's certificate comes; there a refusal closes the connection before anything on it is answered.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::server::Accepted;
use rustls::{Error as TlsError, ProtocolVersion, ServerConnection};
use thiserror::Error;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::door::Door;
use super::hello::{Hello, read_hello};
use super::stream::AdmittedStream;
use super::wire::Wire;

/// Bounds on one handshake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time from the first byte awaited to the end of the client's handshake.
    pub handshake: Duration,
    /// Time for the verdict.
    pub verdict: Duration,
    /// Bytes of the client's hello.
    pub hello_bytes: usize,
    /// Bytes the client may send in its whole handshake.
    pub handshake_bytes: usize,
    /// Bytes an admitted stream holds back while the client does not read.
    pub write_buffer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            verdict: Duration::from_secs(10),
            hello_bytes: 16 * 1024,
            handshake_bytes: 64 * 1024,
            write_buffer_bytes: 16 * 1024,
        }
    }
}

/// What a client has shown once its handshake stands.
#[derive(Debug, Clone)]
pub struct Presented {
    /// Its first words.
    pub hello: Arc<Hello>,
    /// Its certificate, whose key it has proved to hold, then what it sent along, unchecked. Empty if it showed none.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The protocol agreed by ALPN, if any.
    pub protocol: Option<Vec<u8>>,
    /// The TLS version spoken.
    pub version: ProtocolVersion,
}

/// A client the verdict let in.
#[derive(Debug)]
pub struct Admitted<A> {
    /// What to speak through.
    pub stream: AdmittedStream,
    /// The client's first words.
    pub hello: Arc<Hello>,
    /// What the verdict said.
    pub admission: A,
}

/// A client that was not let in.
#[derive(Debug, Error)]
#[error("refused at the {stage:?} stage: {reason}")]
pub struct Refused<R> {
    /// How far the client came.
    pub stage: Stage,
    /// Its first words, if it came to say them.
    pub hello: Option<Arc<Hello>>,
    /// Why.
    pub reason: Reason<R>,
}

/// How far a client comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Its hello is awaited.
    Hello,
    /// The caller looks for the door that its hello asks for.
    Door,
    /// Keys, certificate and proof are exchanged.
    Handshake,
    /// The caller decides about the certificate.
    Verdict,
    /// Admitted; what was held back is sent.
    Finish,
}

/// Why a client was not let in.
#[derive(Debug, Error)]
pub enum Reason<R> {
    /// The verdict said no, and why.
    #[error("the verdict")]
    Verdict(R),
    /// No door answers to this server name.
    #[error("unknown server name")]
    UnknownName,
    /// The door requires a certificate and the client showed none.
    #[error("no client certificate")]
    NoCertificate,
    /// TLS failed: no TLS at all, nothing in common, a proof that does not hold, an alert from the client.
    #[error("TLS handshake: {0}")]
    Handshake(TlsError),
    /// More bytes than [`Limits`] allow.
    #[error("too many bytes")]
    TooLong,
    /// More time than [`Limits`] allow.
    #[error("timed out")]
    TimedOut,
    /// The client left.
    #[error("the client closed the connection")]
    PeerClosed,
    /// The connection failed on our side.
    #[error("input or output: {0}")]
    Io(io::Error),
}

/// Carries one client through its handshake, asking `door` what to show it and `verdict` whether to let it in.
///
/// Each is asked at most once, and dropped when time runs out; so is everything when the returned future is dropped. A
/// client that leaves before its handshake stands is forgotten; one that leaves while its verdict is found is judged to
/// the end, since a certificate shown may be registered whether its holder waits for it or not (`openssl s_client` at the
/// end of its input does not).
///
/// # Errors
/// [`Refused`] with the stage and the reason. The connection is then closed; the client was sent an alert where TLS
/// has one that it can read.
pub async fn accept<A, R>(
    tcp: TcpStream,
    limits: &Limits,
    door: impl AsyncFnOnce(Arc<Hello>) -> Option<Door>,
    verdict: impl AsyncFnOnce(Presented) -> Result<A, R>,
) -> Result<Admitted<A>, Refused<R>> {
    let mut visit = Visit {
        wire: Wire::new(tcp),
        stage: Stage::Hello,
        hello: None,
    };
    let (connection, door, admission) = match visit.decide(limits, door, verdict).await {
        Ok(admitted) => admitted,
        Err(reason) => return Err(visit.refuse(reason).await),
    };
    let Visit { wire, hello, .. } = visit;
    let stage = Stage::Finish;
    let stream = AdmittedStream::new(wire.into_tcp(), door.config, connection);
    match timeout(limits.handshake, stream).await {
        Ok(Ok(stream)) => Ok(Admitted {
            stream,
            hello: hello.expect("an admitted client has said hello"),
            admission,
        }),
        Ok(Err(error)) => Err(Refused {
            stage,
            hello,
            reason: error.into(),
        }),
        Err(_) => Err(Refused {
            stage,
            hello,
            reason: Reason::TimedOut,
        }),
    }
}

/// One client at the gate.
struct Visit {
    wire: Wire,
    stage: Stage,
    hello: Option<Arc<Hello>>,
}

impl Visit {
    async fn decide<A, R>(
        &mut self,
        limits: &Limits,
        door: impl AsyncFnOnce(Arc<Hello>) -> Option<Door>,
        verdict: impl AsyncFnOnce(Presented) -> Result<A, R>,
    ) -> Result<(Box<ServerConnection>, Door, A), Reason<R>> {
        let (mut connection, door, presented) = timeout(limits.handshake, self.shake_hands(limits, door))
            .await
            .unwrap_or(Err(Reason::TimedOut))?;
        connection.set_buffer_limit(Some(limits.write_buffer_bytes));
        self.stage = Stage::Verdict;
        let version = presented.version;
        let mut verdict = pin!(timeout(limits.verdict, verdict(presented)));
        let (verdict, left) = tokio::select! {
            biased;
            verdict = verdict.as_mut() => (verdict, false),
            () = self.wire.peer_closed() => (verdict.await, true),
        };
        let reason = match verdict {
            Ok(Ok(_)) if left => return Err(Reason::PeerClosed),
            Ok(Ok(admission)) => return Ok((connection, door, admission)),
            Ok(Err(refusal)) => Reason::Verdict(refusal),
            Err(_) => Reason::TimedOut,
        };
        // INVARIANT: nothing was written since the client's Finished, so in TLS 1.2 our side is still in clear.
        if version == ProtocolVersion::TLSv1_2 {
            let _ = timeout(limits.handshake, self.wire.alert(ACCESS_DENIED)).await;
        }
        // In TLS 1.3 rustls has no alert to send for us, and a close_notify would say that all went well: openssl
        // and Python then end without an error. So the connection just ends, which both report as one.
        Err(reason)
    }

    async fn shake_hands<R>(
        &mut self,
        limits: &Limits,
        door: impl AsyncFnOnce(Arc<Hello>) -> Option<Door>,
    ) -> Result<(Box<ServerConnection>, Door, Presented), Reason<R>> {
        let (accepted, hello) = read_hello(&mut self.wire, limits.hello_bytes).await?;
        let hello = Arc::new(hello);
        self.hello = Some(Arc::clone(&hello));
        self.stage = Stage::Door;
        let Some(door) = door(Arc::clone(&hello)).await else {
            self.wire.alert(UNRECOGNIZED_NAME).await;
            return Err(Reason::UnknownName);
        };
        self.stage = Stage::Handshake;
        let mut connection = self.start(accepted, &door).await?;
        loop {
            if let Err(error) = connection.process_new_packets() {
                // The alert for this error; that it may not arrive changes nothing. Behind a finished handshake
                // (the client sent rubbish after it) stands our Finished, which must not leave without a verdict.
                if connection.is_handshaking() {
                    let _ = self.wire.flush(&mut connection).await;
                }
                return Err(error.into());
            }
            if !connection.is_handshaking() {
                break;
            }
            self.wire.flush(&mut connection).await?;
            if self.wire.read(|io| connection.read_tls(io)).await? == 0 {
                return Err(Reason::PeerClosed);
            }
            if self.wire.bytes_read() > limits.handshake_bytes {
                return Err(Reason::TooLong);
            }
        }
        let presented = Presented {
            hello,
            certificates: connection.peer_certificates().unwrap_or_default().to_vec(),
            protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
            version: connection
                .protocol_version()
                .expect("a finished handshake has agreed on a version"),
        };
        Ok((connection, door, presented))
    }

    async fn start<R>(
        &mut self,
        accepted: Accepted,
        door: &Door,
    ) -> Result<Box<ServerConnection>, Reason<R>> {
        match accepted.into_connection(Arc::clone(&door.config)) {
            Ok(connection) => Ok(Box::new(connection)),
            Err((error, mut alert)) => {
                while self
                    .wire
                    .write(|io| alert.write(io))
                    .await
                    .is_ok_and(|written| written > 0)
                {}
                Err(error.into())
            }
        }
    }

    async fn refuse<R>(self, reason: Reason<R>) -> Refused<R> {
        self.wire.close().await;
        Refused {
            stage: self.stage,
            hello: self.hello,
            reason,
        }
    }
}

impl<R> From<TlsError> for Reason<R> {
    fn from(error: TlsError) -> Self {
        match error {
            TlsError::NoCertificatesPresented => Self::NoCertificate,
            error => Self::Handshake(error),
        }
    }
}

impl<R> From<io::Error> for Reason<R> {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
        match error.kind() {
            BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof => {
                Self::PeerClosed
            }
            _ => Self::Io(error),
        }
    }
}

/// RFC 8446 6.2: a valid certificate was received, but access control says no.
const ACCESS_DENIED: u8 = 49;
/// RFC 6066 3: no server of that name here.
const UNRECOGNIZED_NAME: u8 = 112;
