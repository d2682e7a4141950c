//! TLS in front of the API.

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use thingsmith_core::Deeds;
use thingsmith_core::authorities::AuthorityError;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// TLS in front of the API: a certificate of our own endpoint authority, TLS 1.2 and 1.3, HTTP/1.1.
#[derive(Clone)]
pub struct Tls {
    acceptor: TlsAcceptor,
}

/// Why TLS cannot be offered.
#[derive(Debug, Error)]
pub enum TlsError {
    /// The certificate cannot be made.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// TLS does not accept it.
    #[error("the certificate of the API cannot be used")]
    Tls(#[from] rustls::Error),
}

impl Tls {
    /// Makes a certificate for these names and addresses.
    ///
    /// # Errors
    /// See [`TlsError`].
    pub fn new(deeds: &Deeds, names: &[String]) -> Result<Self, TlsError> {
        // Every AWS client checks P-256; the twin is for devices.
        let [issued, _] = deeds
            .authorities()
            .endpoint_certificates(deeds.clock().now(), names)?;
        let chain = vec![CertificateDer::from(issued.certificate)];
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(issued.private_key.to_vec()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    pub(crate) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }
}
