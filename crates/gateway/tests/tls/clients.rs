//! The clients: rustls in this process, and openssl, mosquitto and Python as programs.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore, SignatureScheme, SupportedProtocolVersion};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::server::{Device, World};

/// A rustls client that shows whatever chain it is given, even with a key that is not the certificate's.
#[derive(Debug)]
struct Shows(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        assert!(hints.is_empty(), "the gate names no authorities");
        let key = self.0.clone()?;
        key.key.choose_scheme(schemes).map(|_| key)
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

pub(crate) fn config(
    world: &World,
    version: &'static SupportedProtocolVersion,
    device: Option<&Device>,
) -> ClientConfig {
    chain_config(
        world,
        version,
        device.map(|device| (device, vec![device.certificate.clone()])),
    )
}

pub(crate) fn chain_config(
    world: &World,
    version: &'static SupportedProtocolVersion,
    shown: Option<(&Device, Vec<rustls::pki_types::CertificateDer<'static>>)>,
) -> ClientConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(world.root.clone()).unwrap();
    let shown = shown.map(|(device, chain)| {
        let key = provider
            .key_provider
            .load_private_key(device.key.clone_key())
            .unwrap();
        Arc::new(CertifiedKey::new(chain, key))
    });
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(Shows(shown)))
}

pub(crate) async fn connect(
    address: SocketAddr,
    name: &str,
    config: ClientConfig,
) -> io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, tcp).await
}

/// Connects and reads what the server says until it closes.
pub(crate) async fn visit(address: SocketAddr, config: ClientConfig) -> io::Result<Vec<u8>> {
    let mut stream = connect(address, "localhost", config).await?;
    let mut said = Vec::new();
    stream.read_to_end(&mut said).await?;
    Ok(said)
}

/// The alert a client was sent.
pub(crate) fn alert(error: &io::Error) -> Option<rustls::AlertDescription> {
    match error.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

/// Runs `openssl s_client`; it stays until the server closes.
pub(crate) async fn openssl(world: &World, address: SocketAddr, arguments: &[&str]) -> Output {
    let mut command = Command::new("openssl");
    command
        .args([
            "s_client",
            "-connect",
            &address.to_string(),
            "-servername",
            "localhost",
            "-verify_return_error",
        ])
        .arg("-CAfile")
        .arg(world.files.path().join("root.pem"))
        .args(arguments);
    run(command).await
}

pub(crate) async fn run(mut command: Command) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    // Held open: at the end of its input s_client would leave on its own.
    let _input = child.stdin.take();
    child.wait_with_output().await.unwrap()
}

pub(crate) fn text(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// Whether a program is installed. Behaviour tests install the clients and require them; here they are a bonus.
pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| Path::new(&folder).join(program).exists());
    if !found {
        eprintln!("{program} is not installed, so this test shows nothing");
    }
    found
}
