//! Whom the client trusts.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use tokio_rustls::TlsConnector;

use crate::runner::StartError;

/// Connects with the system's roots and those of the configuration.
pub(super) struct Tls {
    ours: Vec<CertificateDer<'static>>,
    /// Made when it is first needed: the system has many roots.
    connector: OnceLock<TlsConnector>,
}

impl Tls {
    pub(super) fn new(roots_pem: &str) -> Result<Self, StartError> {
        let ours = CertificateDer::pem_slice_iter(roots_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|cause| StartError::Roots(cause.to_string()))?;
        let (_, unusable) = RootCertStore::empty().add_parsable_certificates(ours.iter().cloned());
        if unusable > 0 {
            return Err(StartError::Roots("one is no certificate of a CA".into()));
        }
        Ok(Self {
            ours,
            connector: OnceLock::new(),
        })
    }

    pub(super) fn connector(&self) -> &TlsConnector {
        self.connector.get_or_init(|| {
            let mut roots = RootCertStore::empty();
            // What the system's bundle has that rustls cannot use is no reason to trust nobody.
            let system = system_roots().unwrap_or_default();
            roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&system).filter_map(Result::ok));
            roots.add_parsable_certificates(self.ours.iter().cloned());
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let config = ClientConfig::builder_with_provider(provider)
                .with_safe_default_protocol_versions()
                .expect("the provider has what these versions need")
                .with_root_certificates(roots)
                .with_no_client_auth();
            TlsConnector::from(Arc::new(config))
        })
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
