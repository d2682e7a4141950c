//! A server with one gate, and the devices that come to it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::prelude::{BASE64_STANDARD, Engine};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DnType, IsCa, KeyPair,
    SignatureAlgorithm,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use thingsmith_gateway::tls::{
    Admitted, ClientCertificate, Door, DoorSettings, Limits, Presented, Refused, Versions, accept,
    server_certificate,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the servers of these tests say to whom they admit.
pub(crate) const WELCOME: &[u8] = b"admitted\n";

pub(crate) type Outcome = Result<Admitted<CertificateDer<'static>>, Refused<&'static str>>;

/// A root, the settings of a door whose certificate it signed for localhost, and files for command line clients.
pub(crate) struct World {
    pub(crate) root: CertificateDer<'static>,
    pub(crate) settings: DoorSettings,
    pub(crate) files: TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".into(), "127.0.0.1".into()];
        let leaf = server_params(names, "server").signed_by(&key, &root).unwrap();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let files = TempDir::new().unwrap();
        std::fs::write(files.path().join("root.pem"), root.pem()).unwrap();
        Self {
            root: root.der().clone(),
            settings: DoorSettings {
                certificates: vec![server_certificate(vec![leaf.der().clone()], key).unwrap()],
                protocols: vec![b"x-amzn-mqtt-ca".to_vec()],
                client_certificate: ClientCertificate::Required,
                versions: Versions::Tls12AndTls13,
            },
            files,
        }
    }

    pub(crate) fn door(&self) -> Door {
        Door::new(self.settings.clone()).unwrap()
    }

    /// Writes a device's certificate and key for command line clients.
    pub(crate) fn write(&self, device: &Device) -> (PathBuf, PathBuf) {
        let (certificate, key) = (
            self.files.path().join("device.pem"),
            self.files.path().join("device.key"),
        );
        std::fs::write(&certificate, pem("CERTIFICATE", &device.certificate)).unwrap();
        std::fs::write(&key, pem("PRIVATE KEY", device.key.secret_der())).unwrap();
        (certificate, key)
    }
}

/// Parameters of a server certificate, whose subject is nobody else's.
pub(crate) fn server_params(names: Vec<String>, common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in BASE64_STANDARD.encode(der).as_bytes().chunks(64) {
        text.extend(line.iter().map(|octet| char::from(*octet)).chain(['\n']));
    }
    text + &format!("-----END {label}-----\n")
}

/// A device's certificate with its key.
pub(crate) struct Device {
    pub(crate) certificate: CertificateDer<'static>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// The kinds of certificate that devices bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    P256,
    P384,
    P521,
    Rsa2048,
    Version1,
    UnknownCritical,
}

pub(crate) const KINDS: [Kind; 6] = [
    Kind::P256,
    Kind::P384,
    Kind::P521,
    Kind::Rsa2048,
    Kind::Version1,
    Kind::UnknownCritical,
];

impl Device {
    pub(crate) fn new(kind: Kind) -> Self {
        match kind {
            Kind::P256 => Self::with_key(&rcgen::PKCS_ECDSA_P256_SHA256),
            Kind::P384 => Self::with_key(&rcgen::PKCS_ECDSA_P384_SHA384),
            Kind::P521 => Self::with_key(&rcgen::PKCS_ECDSA_P521_SHA512),
            Kind::Rsa2048 => Self::with_key(&rcgen::PKCS_RSA_SHA256),
            Kind::Version1 => Self::version_1(),
            Kind::UnknownCritical => {
                let mut params = CertificateParams::default();
                let mut extension =
                    CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 99999, 1], vec![5, 0]);
                extension.set_criticality(true);
                params.custom_extensions.push(extension);
                Self::made(params, &rcgen::PKCS_ECDSA_P256_SHA256)
            }
        }
    }

    pub(crate) fn with_key(algorithm: &'static SignatureAlgorithm) -> Self {
        Self::made(CertificateParams::default(), algorithm)
    }

    fn made(params: CertificateParams, algorithm: &'static SignatureAlgorithm) -> Self {
        let key = KeyPair::generate_for(algorithm).unwrap();
        Self {
            certificate: params.self_signed(&key).unwrap().der().clone(),
            key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        }
    }

    /// Made by `openssl x509 -req`, valid for one day long past, by an issuer nobody has.
    fn version_1() -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/certificates/v1");
        Self {
            certificate: CertificateDer::from_pem_file(format!("{folder}/certificate.pem")).unwrap(),
            key: PrivateKeyDer::from_pem_file(format!("{folder}/key.pem")).unwrap(),
        }
    }
}

/// A gate on a free port, which takes one client.
pub(crate) struct Gate {
    pub(crate) address: SocketAddr,
    pub(crate) outcome: JoinHandle<Outcome>,
    /// How often the verdict was asked.
    pub(crate) asked: Arc<AtomicUsize>,
}

impl Gate {
    /// Admits everybody, or refuses everybody with a reason.
    pub(crate) async fn open(door: Door, refusal: Option<&'static str>) -> Self {
        Self::with(door, Limits::default(), async move |_| {
            refusal.map_or(Ok(()), Err)
        })
        .await
    }

    pub(crate) async fn with<V, F>(door: Door, limits: Limits, verdict: V) -> Self
    where
        V: FnOnce(Presented) -> F + Send + 'static,
        F: Future<Output = Result<(), &'static str>> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let outcome = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            let verdict = async move |presented: Presented| {
                count.fetch_add(1, Ordering::SeqCst);
                let certificate = presented.certificates.first().cloned();
                let certificate = certificate.unwrap_or_else(|| CertificateDer::from(Vec::new()));
                verdict(presented).await.map(|()| certificate)
            };
            let mut admitted = accept(tcp, &limits, async move |_| Some(door), verdict).await?;
            let _ = admitted.stream.write_all(WELCOME).await;
            let _ = admitted.stream.shutdown().await;
            // Until the client closes, so that our close does not reset the connection under its last words.
            let _ = admitted.stream.read_to_end(&mut Vec::new()).await;
            Ok(admitted)
        });
        Self {
            address,
            outcome,
            asked,
        }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}
