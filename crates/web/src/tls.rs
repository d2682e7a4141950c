//! Whom the client trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::RootsError;

/// Connects with the system's roots and those of the configuration.
pub(crate) struct Tls {
    connector: TlsConnector,
}

impl Tls {
    pub(crate) fn new(roots_pem: &str) -> Result<Self, RootsError> {
        let connector = TlsConnector::from(client_config(roots_pem)?);
        Ok(Self { connector })
    }

    pub(crate) fn connector(&self) -> &TlsConnector {
        &self.connector
    }
}

/// The TLS of a client that trusts the system's roots and those that are given (PEM).
///
/// # Errors
/// See [`RootsError`].
pub fn client_config(roots_pem: &str) -> Result<Arc<ClientConfig>, RootsError> {
    trusting(roots_pem).map_err(RootsError)
}

fn trusting(roots_pem: &str) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore::empty();
    if let Some(system) = BUNDLES
        .iter()
        .find_map(|path| std::fs::read(Path::new(path)).ok())
    {
        // What the system's bundle has that cannot be used is no reason not to start.
        let read = CertificateDer::pem_slice_iter(&system).filter_map(Result::ok);
        roots.add_parsable_certificates(read);
    }
    for root in CertificateDer::pem_slice_iter(roots_pem.as_bytes()) {
        let root = root.map_err(|cause| cause.to_string())?;
        roots.add(root).map_err(|cause| cause.to_string())?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| cause.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Where Debian, Red Hat, Alpine and SUSE keep the roots that the system trusts.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];
