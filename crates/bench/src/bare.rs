//! The limit of a connection: a server that accepts, shakes hands with the same certificates, and closes.

pub(crate) mod relay;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::fleet::Fleet;
use crate::machine;
use crate::process::{Process, answer};

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The directory of the run
    #[arg(long)]
    directory: PathBuf,
    /// What is asked of a client's certificate
    #[arg(long)]
    verify: Verify,
    /// Pass on what the speaker of a room says to its listeners
    #[arg(long)]
    relay: bool,
    /// Use this core only
    #[arg(long)]
    core: Option<usize>,
}

/// What a bare server asks of a client's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Verify {
    /// That the client holds its key: the least that mutual TLS can do, and what ours does during the handshake.
    Signature,
    /// Also that our authority signed it, as most servers do.
    Chain,
}

/// Where it listens.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Announcement {
    pub(crate) port: u16,
}

/// Starts a bare server in a process of its own.
pub(crate) fn start(
    directory: &Path,
    verify: Verify,
    core: Option<usize>,
) -> Result<(Process, Announcement)> {
    let verify = match verify {
        Verify::Signature => "signature",
        Verify::Chain => "chain",
    };
    Process::start("bare", directory, ["--verify", verify], core)
}

/// Starts a bare server that passes bytes on, in a process of its own.
pub(crate) fn start_relay(directory: &Path, core: Option<usize>) -> Result<(Process, Announcement)> {
    Process::start("bare", directory, ["--verify", "signature", "--relay"], core)
}

pub(crate) fn run(flags: &Flags) -> Result<()> {
    flags.core.map(machine::pin).transpose()?;
    let fleet = Fleet::read(&flags.directory)?;
    let acceptor = TlsAcceptor::from(Arc::new(config(&fleet, flags.verify)?));
    // The runtime that our server has.
    let runtime = tokio::runtime::Runtime::new().context("the runtime cannot start")?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let announcement = Announcement {
            port: listener.local_addr()?.port(),
        };
        let serving = match flags.relay {
            true => tokio::spawn(relay::serve(listener, acceptor)),
            false => tokio::spawn(serve(listener, acceptor)),
        };
        let answered = tokio::task::spawn_blocking(move || answer(&announcement)).await?;
        serving.abort();
        answered
    })
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((tcp, _)) = listener.accept().await {
        tokio::spawn(shake_hands(tcp, acceptor.clone()));
    }
}

async fn shake_hands(tcp: TcpStream, acceptor: TlsAcceptor) -> std::io::Result<()> {
    tcp.set_nodelay(true)?;
    acceptor.accept(tcp).await?.shutdown().await
}

fn config(fleet: &Fleet, verify: Verify) -> Result<ServerConfig> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ClientCertVerifier> = match verify {
        Verify::Signature => Arc::new(Signature::new(&provider)),
        Verify::Chain => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(
                fleet.device_authority_pem.as_bytes(),
            )?)?;
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?
        }
    };
    let certificate = CertificateDer::from_pem_slice(fleet.endpoint_certificate_pem.as_bytes())?;
    let key = PrivateKeyDer::from_pem_slice(fleet.endpoint_key_pem.as_bytes())?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)?;
    // As in our server, and no dearer.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

/// Asks nothing of the certificate but that the client holds its key.
#[derive(Debug)]
struct Signature {
    algorithms: WebPkiSupportedAlgorithms,
}

impl Signature {
    fn new(provider: &CryptoProvider) -> Self {
        Self {
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ClientCertVerifier for Signature {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
