//! What a client says first, before anything is shown to it.

use rustls::server::{Accepted, Acceptor};

use super::gate::Reason;
use super::wire::Wire;

/// A client's first words: which server it wants and what it would speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// The server name (SNI) in lower case. `None` if the client sent none, or an address, which cannot be a server
    /// name (RFC 6066 3).
    pub server_name: Option<String>,
    /// The protocols offered by ALPN in the client's order; empty if it offered none.
    pub protocols: Vec<Vec<u8>>,
}

impl Hello {
    fn new(accepted: &Accepted) -> Self {
        let hello = accepted.client_hello();
        Self {
            server_name: hello.server_name().map(str::to_ascii_lowercase),
            protocols: hello
                .alpn()
                .map(|protocols| protocols.map(<[u8]>::to_vec).collect())
                .unwrap_or_default(),
        }
    }
}

/// Reads a hello of at most `most` bytes. What is no hello is answered with TLS's alert.
pub(crate) async fn read_hello<R>(wire: &mut Wire, most: usize) -> Result<(Accepted, Hello), Reason<R>> {
    let mut acceptor = Acceptor::default();
    loop {
        if wire.read(|io| acceptor.read_tls(io)).await? == 0 {
            return Err(Reason::PeerClosed);
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                let hello = Hello::new(&accepted);
                return Ok((accepted, hello));
            }
            Ok(None) if wire.bytes_read() > most => return Err(Reason::TooLong),
            Ok(None) => {}
            Err((error, mut alert)) => {
                // Alerts are a courtesy: the reason to report is why one is sent, not how its sending went.
                while wire
                    .write(|io| alert.write(io))
                    .await
                    .is_ok_and(|written| written > 0)
                {}
                return Err(Reason::Handshake(error));
            }
        }
    }
}
