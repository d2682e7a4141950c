//! Every kind of certificate, in both versions, admitted and refused, with every client.

use std::process::Output;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, CertificateError, ProtocolVersion, SupportedProtocolVersion};
use thingsmith_gateway::tls::{Limits, Presented, Reason, Stage, accept};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::clients::{alert, chain_config, config, installed, openssl, run, text, visit};
use crate::server::{Device, Gate, KINDS, Kind, Outcome, WELCOME, World};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS12, &TLS13];

fn is_refused(outcome: Outcome) {
    let refused = outcome.unwrap_err();
    assert_eq!(refused.stage, Stage::Verdict);
    assert_eq!(refused.hello.unwrap().server_name.as_deref(), Some("localhost"));
    assert!(matches!(refused.reason, Reason::Verdict("revoked")));
}

#[tokio::test]
async fn every_kind_of_certificate_is_admitted() {
    let world = World::new();
    for (kind, version) in KINDS
        .into_iter()
        .flat_map(|kind| VERSIONS.map(|version| (kind, version)))
    {
        let device = Device::new(kind);
        let gate = Gate::open(world.door(), None).await;
        let said = visit(gate.address, config(&world, version, Some(&device))).await;
        assert_eq!(said.unwrap(), WELCOME, "{kind:?} {version:?}");
        assert_eq!(gate.asked(), 1);
        let admitted = gate.outcome.await.unwrap().unwrap();
        assert_eq!(admitted.admission, device.certificate);
        assert_eq!(admitted.stream.version(), Some(version.version));
    }
}

#[tokio::test]
async fn every_kind_of_certificate_is_refused() {
    let world = World::new();
    for (kind, version) in KINDS
        .into_iter()
        .flat_map(|kind| VERSIONS.map(|version| (kind, version)))
    {
        let gate = Gate::open(world.door(), Some("revoked")).await;
        let error = visit(gate.address, config(&world, version, Some(&Device::new(kind))))
            .await
            .unwrap_err();
        match version.version {
            ProtocolVersion::TLSv1_2 => assert_eq!(alert(&error), Some(AlertDescription::AccessDenied)),
            _ => assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof, "{kind:?}"),
        }
        assert_eq!(gate.asked(), 1);
        is_refused(gate.outcome.await.unwrap());
    }
}

#[tokio::test]
async fn a_key_that_is_not_the_certificates_asks_no_verdict() {
    let world = World::new();
    for (kind, version) in KINDS
        .into_iter()
        .flat_map(|kind| VERSIONS.map(|version| (kind, version)))
    {
        let mut device = Device::new(kind);
        device.key = match kind {
            Kind::Version1 => Device::new(Kind::P256).key,
            kind => Device::new(kind).key,
        };
        let gate = Gate::open(world.door(), None).await;
        let error = visit(gate.address, config(&world, version, Some(&device)))
            .await
            .unwrap_err();
        assert!(alert(&error).is_some(), "{kind:?} {error}");
        let refused = gate.outcome.await.unwrap().unwrap_err();
        assert_eq!(refused.stage, Stage::Handshake);
        assert!(
            matches!(
                refused.reason,
                Reason::Handshake(rustls::Error::InvalidCertificate(CertificateError::BadSignature))
            ),
            "{:?}",
            refused.reason
        );
        assert_eq!(gate.asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn no_certificate_asks_no_verdict() {
    let world = World::new();
    for version in VERSIONS {
        let gate = Gate::open(world.door(), None).await;
        let error = visit(gate.address, config(&world, version, None))
            .await
            .unwrap_err();
        assert!(alert(&error).is_some(), "{error}");
        assert!(matches!(
            gate.outcome.await.unwrap().unwrap_err().reason,
            Reason::NoCertificate
        ));
        assert_eq!(gate.asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}

/// AWS's list of device keys has no Ed25519, so it is not offered and such a device has nothing to show.
#[tokio::test]
async fn ed25519_is_not_offered() {
    let world = World::new();
    let device = Device::with_key(&rcgen::PKCS_ED25519);
    let gate = Gate::open(world.door(), None).await;
    visit(gate.address, config(&world, &TLS13, Some(&device)))
        .await
        .unwrap_err();
    assert!(matches!(
        gate.outcome.await.unwrap().unwrap_err().reason,
        Reason::NoCertificate
    ));
}

#[tokio::test]
async fn a_chain_is_bounded_in_number_and_size() {
    let world = World::new();
    let device = Device::new(Kind::P256);
    let own = device.certificate.clone();
    let big = CertificateDer::from(vec![0x30; 16 * 1024 + 1]);
    for (chain, admitted) in [
        (vec![own.clone(); 10], true),
        (vec![own.clone(); 11], false),
        (vec![own.clone(), CertificateDer::from(vec![1, 2, 3])], true),
        (vec![own, big], false),
    ] {
        let gate = Gate::open(world.door(), None).await;
        let said = visit(gate.address, chain_config(&world, &TLS13, Some((&device, chain)))).await;
        assert_eq!(said.is_ok(), admitted);
        assert_eq!(gate.outcome.await.unwrap().is_ok(), admitted);
    }
}

#[tokio::test]
async fn what_is_no_certificate_asks_no_verdict() {
    let world = World::new();
    let device = Device::new(Kind::P256);
    for version in VERSIONS {
        let gate = Gate::open(world.door(), None).await;
        let chain = vec![CertificateDer::from(b"no certificate".to_vec())];
        visit(
            gate.address,
            chain_config(&world, version, Some((&device, chain))),
        )
        .await
        .unwrap_err();
        let refused = gate.outcome.await.unwrap().unwrap_err();
        assert!(matches!(
            refused.reason,
            Reason::Handshake(rustls::Error::InvalidCertificate(CertificateError::BadEncoding))
        ));
        assert_eq!(gate.asked.load(std::sync::atomic::Ordering::SeqCst), 0);
    }
}

async fn openssl_as(world: &World, gate: &Gate, kind: Kind, version: &str) -> Output {
    let (certificate, key) = world.write(&Device::new(kind));
    let arguments = [
        version,
        "-state",
        "-cert",
        certificate.to_str().unwrap(),
        "-key",
        key.to_str().unwrap(),
    ];
    openssl(world, gate.address, &arguments).await
}

#[tokio::test]
async fn openssl_is_admitted_and_refused() {
    let world = World::new();
    for (kind, version) in KINDS
        .into_iter()
        .flat_map(|kind| ["-tls1_2", "-tls1_3"].map(|version| (kind, version)))
    {
        let gate = Gate::open(world.door(), None).await;
        let output = openssl_as(&world, &gate, kind, version).await;
        assert!(output.status.success(), "{kind:?} {}", text(&output));
        assert!(text(&output).contains("admitted"), "{kind:?} {}", text(&output));
        assert!(
            text(&output).contains("read finished"),
            "{kind:?} {}",
            text(&output)
        );
        gate.outcome.await.unwrap().unwrap();

        let gate = Gate::open(world.door(), Some("revoked")).await;
        let output = openssl_as(&world, &gate, kind, version).await;
        assert!(!output.status.success(), "{kind:?} {}", text(&output));
        assert!(!text(&output).contains("admitted"));
        if version == "-tls1_2" {
            // The handshake itself has failed: the client read our alert while it waited for our Finished.
            assert!(text(&output).contains("alert access denied"), "{}", text(&output));
            assert!(
                text(&output).contains("SSL_connect:error in"),
                "{}",
                text(&output)
            );
            assert!(!text(&output).contains("read finished"), "{}", text(&output));
        } else {
            assert!(text(&output).contains("unexpected eof"), "{}", text(&output));
        }
        is_refused(gate.outcome.await.unwrap());
    }
}

#[tokio::test]
async fn openssl_without_a_certificate_is_refused() {
    let world = World::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let gate = Gate::open(world.door(), None).await;
        let output = openssl(&world, gate.address, &[version]).await;
        assert!(!output.status.success());
        assert!(
            text(&output).contains("certificate required"),
            "{}",
            text(&output)
        );
        assert!(matches!(
            gate.outcome.await.unwrap().unwrap_err().reason,
            Reason::NoCertificate
        ));
    }
}

#[tokio::test]
async fn rsa_of_1024_bits_proves_nothing() {
    let world = World::new();
    let file = |name: &str| world.files.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key) = (file("short.pem"), file("short.key"));
    let mut make = Command::new("openssl");
    make.args([
        "req",
        "-x509",
        "-newkey",
        "rsa:1024",
        "-nodes",
        "-subj",
        "/CN=short",
        "-keyout",
        &key,
    ]);
    assert!(
        make.args(["-out", &certificate])
            .output()
            .await
            .unwrap()
            .status
            .success()
    );
    for version in ["-tls1_2", "-tls1_3"] {
        let gate = Gate::open(world.door(), None).await;
        let weak = [
            "-cipher",
            "DEFAULT:@SECLEVEL=0",
            "-cert",
            &certificate,
            "-key",
            &key,
            version,
        ];
        let output = openssl(&world, gate.address, &weak).await;
        assert!(!output.status.success());
        let refused = gate.outcome.await.unwrap().unwrap_err();
        assert!(
            matches!(refused.reason, Reason::Handshake(_)),
            "{:?} {}",
            refused.reason,
            text(&output)
        );
    }
}

/// A gate that answers CONNECT with CONNACK, for one client.
async fn mqtt_gate(world: &World, refusal: Option<&'static str>) -> (u16, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let door = world.door();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let verdict = async move |_: Presented| refusal.map_or(Ok(()), Err);
        let Ok(mut admitted) = accept(tcp, &Limits::default(), async move |_| Some(door), verdict).await
        else {
            return Vec::new();
        };
        let mut heard = vec![0; 2];
        admitted.stream.read_exact(&mut heard).await.unwrap();
        admitted.stream.write_all(&[0x20, 2, 0, 0]).await.unwrap();
        let _ = admitted.stream.read_to_end(&mut heard).await;
        heard
    });
    (port, server)
}

#[tokio::test]
async fn mosquitto_is_admitted_and_refused() {
    if !installed("mosquitto_pub") {
        return;
    }
    let world = World::new();
    for (kind, version) in KINDS
        .into_iter()
        .flat_map(|kind| ["tlsv1.2", "tlsv1.3"].map(|version| (kind, version)))
    {
        for refusal in [None, Some("revoked")] {
            let (port, server) = mqtt_gate(&world, refusal).await;
            let (certificate, key) = world.write(&Device::new(kind));
            let mut command = Command::new("mosquitto_pub");
            command.args([
                "-h",
                "127.0.0.1",
                "-p",
                &port.to_string(),
                "-t",
                "topic",
                "-m",
                "payload",
            ]);
            command
                .args(["--tls-version", version, "--cafile"])
                .arg(world.files.path().join("root.pem"));
            let output = run({
                command.arg("--cert").arg(certificate).arg("--key").arg(key);
                command
            })
            .await;
            assert_eq!(
                output.status.success(),
                refusal.is_none(),
                "{kind:?} {version} {}",
                text(&output)
            );
            let heard = server.await.unwrap();
            assert_eq!(
                heard.windows(7).any(|window| window == b"payload"),
                refusal.is_none()
            );
        }
    }
}

/// What Python saw: the words of the server, or the error and whether it came from the handshake.
const PYTHON: &str = r#"
import socket, ssl, sys
port, version, root, certificate, key = sys.argv[1:]
context = ssl.create_default_context(cafile=root)
context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
context.load_cert_chain(certificate, key)
tcp = socket.create_connection(("127.0.0.1", int(port)))
try:
    tls = context.wrap_socket(tcp, server_hostname="localhost", suppress_ragged_eofs=False)
except OSError as error:
    sys.exit(f"handshake: {error}")
try:
    print(tls.recv(100) or "nothing")
except OSError as error:
    sys.exit(f"read: {error}")
"#;

#[tokio::test]
async fn python_is_admitted_and_refused() {
    if !installed("python3") {
        return;
    }
    let world = World::new();
    for (kind, version) in KINDS
        .into_iter()
        .flat_map(|kind| ["TLSv1_2", "TLSv1_3"].map(|version| (kind, version)))
    {
        for refusal in [None, Some("revoked")] {
            let gate = Gate::open(world.door(), refusal).await;
            let (certificate, key) = world.write(&Device::new(kind));
            let mut command = Command::new("python3");
            command.args(["-c", PYTHON, &gate.address.port().to_string(), version]);
            command
                .arg(world.files.path().join("root.pem"))
                .arg(certificate)
                .arg(key);
            let output = run(command).await;
            let expected = match (refusal, version) {
                (None, _) => "admitted",
                (Some(_), "TLSv1_2") => "handshake: [SSL: TLSV1_ALERT_ACCESS_DENIED]",
                (Some(_), _) => "read: ",
            };
            let seen = text(&output);
            assert!(seen.contains(expected), "{kind:?} {version} {seen}");
            assert_eq!(output.status.success(), refusal.is_none(), "{kind:?} {seen}");
            assert_eq!(gate.outcome.await.unwrap().is_ok(), refusal.is_none());
        }
    }
}

/// A resumed session would skip proof and verdict, so six connections are six proofs.
#[tokio::test]
async fn resumption_is_never_offered() {
    let world = World::new();
    let (certificate, key) = world.write(&Device::new(Kind::P256));
    for version in ["-tls1_2", "-tls1_3"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let (count, door) = (Arc::clone(&asked), world.door());
        let server = tokio::spawn(async move {
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let (count, door) = (Arc::clone(&count), door.clone());
                tokio::spawn(async move {
                    let verdict = async move |_: Presented| {
                        let before = count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        Ok::<_, ()>(before)
                    };
                    let admitted = accept(tcp, &Limits::default(), async move |_| Some(door), verdict).await;
                    let mut admitted = admitted.unwrap();
                    if admitted.admission == 5 {
                        let _ = admitted.stream.shutdown().await;
                    }
                    let _ = admitted.stream.read_to_end(&mut Vec::new()).await;
                });
            }
        });
        let arguments = [
            version,
            "-reconnect",
            "-cert",
            certificate.to_str().unwrap(),
            "-key",
            key.to_str().unwrap(),
        ];
        let output = text(&openssl(&world, address, &arguments).await);
        server.abort();
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 6, "{output}");
        assert!(
            !output.contains("Reused") && !output.contains("ticket:"),
            "{output}"
        );
        assert_eq!(output.matches("New, TLSv1").count(), 6, "{output}");
    }
}
