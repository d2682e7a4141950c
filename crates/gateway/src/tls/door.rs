//! What a client meets behind one name on one listener: certificates to show, protocols to speak, what to ask of it.
//!
//! A door is made when its settings change and shared by every connection; a handshake costs it nothing.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConfig, SupportedCipherSuite, SupportedProtocolVersion, version};
use thiserror::Error;

use super::verifier::Possession;

/// What a door shows and asks.
#[derive(Debug, Clone)]
pub struct DoorSettings {
    /// Server certificates with their keys, the preferred first. A client gets the first whose key it can check, so
    /// a P-256 certificate with an RSA-2048 twin behind it serves both.
    pub certificates: Vec<Arc<CertifiedKey>>,
    /// Protocols to answer by ALPN, the preferred first. A client that offers none is served; one that offers only
    /// others is refused with `no_application_protocol`. Empty: every offer is ignored.
    pub protocols: Vec<Vec<u8>>,
    /// Whether the client is asked for a certificate.
    pub client_certificate: ClientCertificate,
    /// TLS versions spoken.
    pub versions: Versions,
}

/// Whether a client is asked for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificate {
    /// A client without one fails the handshake.
    Required,
    /// A client may come without one.
    Optional,
    /// No client is asked: a browser that is asked shows its user a prompt.
    NeverAsked,
}

/// The TLS versions of AWS's security policies for domain configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versions {
    /// TLS 1.2 and 1.3: `IoTSecurityPolicy_TLS13_1_2_2022_10`, AWS's default.
    Tls12AndTls13,
    /// TLS 1.3 only: `IoTSecurityPolicy_TLS13_1_3_2022_10`.
    Tls13,
    /// TLS 1.2 only: `IoTSecurityPolicy_TLS12_1_2_2022_10`.
    Tls12,
}

/// Why a door cannot be made.
#[derive(Debug, Error)]
pub enum DoorError {
    /// A server without a certificate can shake no hands.
    #[error("a door needs a server certificate")]
    NoCertificate,
    /// The key does not fit the certificate, or TLS does not accept the settings.
    #[error("the server's certificate or settings cannot be used")]
    Tls(#[from] rustls::Error),
}

/// A door, ready for handshakes. Clones share everything.
#[derive(Debug, Clone)]
pub struct Door {
    pub(crate) config: Arc<ServerConfig>,
}

impl Door {
    /// Makes a door.
    ///
    /// # Errors
    /// [`DoorError`] without a certificate, or if TLS does not accept the settings.
    pub fn new(settings: DoorSettings) -> Result<Self, DoorError> {
        if settings.certificates.is_empty() {
            return Err(DoorError::NoCertificate);
        }
        let provider = Arc::new(CryptoProvider {
            cipher_suites: CIPHER_SUITES.to_vec(),
            ..aws_lc_rs::default_provider()
        });
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(settings.versions.supported())?;
        let builder = match settings.client_certificate {
            ClientCertificate::Required => {
                builder.with_client_cert_verifier(Possession::new(&provider, true))
            }
            ClientCertificate::Optional => {
                builder.with_client_cert_verifier(Possession::new(&provider, false))
            }
            ClientCertificate::NeverAsked => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(Arc::new(FirstUsable(settings.certificates)));
        config.alpn_protocols = settings.protocols;
        config.ignore_client_order = true;
        // A resumed session would skip the proof and the verdict: AWS supports no tickets either ("Transport
        // security"), and without storage no session id is given out. No early data, no exported secrets.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        config.max_early_data_size = 0;
        config.enable_secret_extraction = false;
        Ok(Self {
            config: Arc::new(config),
        })
    }
}

/// Joins a server's chain with its key, once they are seen to match.
///
/// # Errors
/// [`DoorError::Tls`] if the key cannot be read or is not the certificate's.
pub fn server_certificate(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<CertifiedKey>, DoorError> {
    let provider: CryptoProvider = aws_lc_rs::default_provider();
    Ok(Arc::new(CertifiedKey::from_der(chain, key, &provider)?))
}

/// What the client has of these is used, the first that it has: the order of AWS's own table ("Transport security", the
/// cipher suites of its policies). With AES-128 comes SHA-256, which processors have instructions for and in which a handshake
/// computes again and again; SHA-384, which most clients would put first, costs some 40 microseconds more in each.
static CIPHER_SUITES: [SupportedCipherSuite; 9] = [
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

static BOTH: [&SupportedProtocolVersion; 2] = [&version::TLS13, &version::TLS12];

impl Versions {
    fn supported(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::Tls12AndTls13 => &BOTH,
            Self::Tls13 => &BOTH[..1],
            Self::Tls12 => &BOTH[1..],
        }
    }
}

/// Shows the first certificate whose key can sign in a way the client checks. rustls has by then struck out the
/// schemes that none of the client's TLS 1.2 cipher suites can use.
#[derive(Debug)]
struct FirstUsable(Vec<Arc<CertifiedKey>>);

impl ResolvesServerCert for FirstUsable {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let schemes = hello.signature_schemes();
        self.0
            .iter()
            .find(|certified| certified.key.choose_scheme(schemes).is_some())
            .map(Arc::clone)
    }
}
