//! Whom the client trusts.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::runner::StartError;

/// Connects with the system's roots and those of the configuration.
pub(super) struct Tls {
    connector: TlsConnector,
}

impl Tls {
    pub(super) fn new(roots_pem: &str) -> Result<Self, StartError> {
        let mut roots = RootCertStore::empty();
        if let Some(system) = system_roots() {
            // What one system's bundle has that rustls cannot use is no reason not to start.
            let read = CertificateDer::pem_slice_iter(&system).filter_map(Result::ok);
            roots.add_parsable_certificates(read);
        }
        for root in CertificateDer::pem_slice_iter(roots_pem.as_bytes()) {
            let root = root.map_err(|cause| StartError::Roots(cause.to_string()))?;
            roots
                .add(root)
                .map_err(|cause| StartError::Roots(cause.to_string()))?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|cause| StartError::Roots(cause.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            connector: TlsConnector::from(Arc::new(config)),
        })
    }

    pub(super) fn connector(&self) -> &TlsConnector {
        &self.connector
    }
}

/// The roots that the system trusts, as PEM, from where OpenSSL would read them.
pub(crate) fn system_roots() -> Option<Vec<u8>> {
    if let Some(file) = std::env::var_os("SSL_CERT_FILE") {
        return std::fs::read(file).ok();
    }
    BUNDLES
        .iter()
        .find_map(|bundle| std::fs::read(Path::new(bundle)).ok())
}

/// Debian, Red Hat, Alpine and SUSE.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
];
