//! The hello and the door: server names, ALPN, server certificates, whether a certificate is asked for.

use rcgen::KeyPair;
use rustls::AlertDescription;
use rustls::pki_types::PrivateKeyDer;
use rustls::version::{TLS12, TLS13};
use thingsmith_gateway::tls::{
    ClientCertificate, Door, DoorError, Hello, Limits, Presented, Reason, Stage, Versions, accept,
    server_certificate,
};
use tokio::net::TcpListener;

use crate::clients::{alert, config, connect, openssl, text, visit};
use crate::server::{Device, Gate, Kind, WELCOME, World, pem, server_params};

/// Takes one client; only `localhost` and no name at all have a door.
async fn by_name(world: &World, name: &str) -> (Option<AlertDescription>, Option<Hello>, Option<Stage>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let open = world.door();
    let server = tokio::spawn(async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let door = async move |hello: std::sync::Arc<Hello>| {
            matches!(hello.server_name.as_deref(), None | Some("localhost")).then_some(open)
        };
        accept(
            tcp,
            &Limits::default(),
            door,
            async |_: Presented| Ok::<_, ()>(()),
        )
        .await
    });
    let client = connect(
        address,
        name,
        config(world, &TLS12, Some(&Device::new(Kind::P256))),
    )
    .await;
    let alert = client.err().and_then(|error| alert(&error));
    match server.await.unwrap() {
        Ok(admitted) => (alert, Some((*admitted.hello).clone()), None),
        Err(refused) => {
            assert!(matches!(refused.reason, Reason::UnknownName));
            (
                alert,
                refused.hello.map(|hello| (*hello).clone()),
                Some(refused.stage),
            )
        }
    }
}

#[tokio::test]
async fn a_name_leads_to_its_door() {
    let world = World::new();
    let hello = |name: Option<&str>| {
        Some(Hello {
            server_name: name.map(Into::into),
            protocols: Vec::new(),
        })
    };
    assert_eq!(
        by_name(&world, "LocalHost").await,
        (None, hello(Some("localhost")), None)
    );
    assert_eq!(by_name(&world, "127.0.0.1").await, (None, hello(None), None));
    let unknown = by_name(&world, "elsewhere.example").await;
    let alert = Some(AlertDescription::UnrecognisedName);
    assert_eq!(
        unknown,
        (alert, hello(Some("elsewhere.example")), Some(Stage::Door))
    );
}

#[tokio::test]
async fn openssl_is_told_of_an_unknown_name() {
    let world = World::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = tokio::spawn(async move {
            let (tcp, _) = listener.accept().await.unwrap();
            accept(
                tcp,
                &Limits::default(),
                async |_| None,
                async |_: Presented| Ok::<(), ()>(()),
            )
            .await
        });
        let output = openssl(&world, address, &[version]).await;
        assert!(!output.status.success());
        assert!(text(&output).contains("unrecognized name"), "{}", text(&output));
        assert!(matches!(
            server.await.unwrap().unwrap_err().reason,
            Reason::UnknownName
        ));
    }
}

#[tokio::test]
async fn alpn_picks_the_doors_protocol_or_none() {
    let world = World::new();
    let device = Device::new(Kind::P256);
    for version in [&TLS12, &TLS13] {
        for (offered, agreed) in [
            (&[][..], Ok(None)),
            (&["x-amzn-mqtt-ca"][..], Ok(Some(&b"x-amzn-mqtt-ca"[..]))),
            (&["h2", "x-amzn-mqtt-ca"][..], Ok(Some(&b"x-amzn-mqtt-ca"[..]))),
            (&["mqtt"][..], Err(AlertDescription::NoApplicationProtocol)),
        ] {
            let mut config = config(&world, version, Some(&device));
            config.alpn_protocols = offered.iter().map(|name| name.as_bytes().to_vec()).collect();
            let gate = Gate::open(world.door(), None).await;
            let said = visit(gate.address, config).await;
            let outcome = gate.outcome.await.unwrap();
            match agreed {
                Ok(protocol) => {
                    assert_eq!(said.unwrap(), WELCOME);
                    assert_eq!(outcome.unwrap().stream.protocol(), protocol);
                }
                Err(expected) => {
                    assert_eq!(alert(&said.unwrap_err()), Some(expected));
                    let refused = outcome.unwrap_err();
                    assert_eq!(refused.hello.unwrap().protocols, [b"mqtt"]);
                    assert!(matches!(refused.reason, Reason::Handshake(_)));
                }
            }
        }
    }
}

#[tokio::test]
async fn a_certificate_may_be_optional_or_never_asked_for() {
    let mut world = World::new();
    let device = Device::new(Kind::P256);
    for (asked, shown, admission) in [
        (ClientCertificate::Optional, None, &[][..]),
        (
            ClientCertificate::Optional,
            Some(&device),
            &device.certificate[..],
        ),
        (ClientCertificate::NeverAsked, Some(&device), &[][..]),
    ] {
        for version in [&TLS12, &TLS13] {
            world.settings.client_certificate = asked;
            let gate = Gate::open(world.door(), None).await;
            let said = visit(gate.address, config(&world, version, shown)).await;
            assert_eq!(said.unwrap(), WELCOME);
            assert_eq!(&gate.outcome.await.unwrap().unwrap().admission[..], admission);

            // The verdict also stands between those without a certificate and the server.
            let gate = Gate::open(world.door(), Some("no")).await;
            visit(gate.address, config(&world, version, shown))
                .await
                .unwrap_err();
            assert!(matches!(
                gate.outcome.await.unwrap().unwrap_err().reason,
                Reason::Verdict("no")
            ));
        }
    }
}

#[tokio::test]
async fn a_door_speaks_only_its_versions() {
    let mut world = World::new();
    let device = Device::new(Kind::P256);
    for (versions, tls12, tls13) in [
        (Versions::Tls12AndTls13, true, true),
        (Versions::Tls12, true, false),
        (Versions::Tls13, false, true),
    ] {
        world.settings.versions = versions;
        for (version, served) in [(&TLS12, tls12), (&TLS13, tls13)] {
            let gate = Gate::open(world.door(), None).await;
            let said = visit(gate.address, config(&world, version, Some(&device))).await;
            match said {
                Ok(_) => assert!(served),
                Err(error) => {
                    assert!(!served);
                    assert_eq!(alert(&error), Some(AlertDescription::ProtocolVersion));
                }
            }
            assert_eq!(gate.outcome.await.unwrap().is_ok(), served);
        }
    }
}

/// Old clients check RSA only; everybody else gets the smaller certificate.
#[tokio::test]
async fn the_rsa_twin_is_for_those_who_need_it() {
    let mut world = World::new();
    let key = KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let twin = server_params(vec!["localhost".into()], "twin")
        .self_signed(&key)
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    world
        .settings
        .certificates
        .push(server_certificate(vec![twin.der().clone()], key).unwrap());
    world.settings.client_certificate = ClientCertificate::NeverAsked;
    let root = world.files.path().join("root.pem");
    let mut roots = std::fs::read_to_string(&root).unwrap();
    roots.push_str(&pem("CERTIFICATE", twin.der()));
    std::fs::write(&root, roots).unwrap();
    for (arguments, kind) in [
        (&["-tls1_2"][..], "Peer signature type: ECDSA"),
        (&["-tls1_3"][..], "Peer signature type: ECDSA"),
        (
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"][..],
            "Peer signature type: RSA",
        ),
        (
            &["-tls1_3", "-sigalgs", "rsa_pss_rsae_sha256"][..],
            "Peer signature type: RSA-PSS",
        ),
    ] {
        let gate = Gate::open(world.door(), None).await;
        let output = text(&openssl(&world, gate.address, arguments).await);
        assert!(
            output.contains(kind) && output.contains("admitted"),
            "{arguments:?} {output}"
        );
    }
}

#[tokio::test]
async fn the_first_of_aws_s_cipher_suites_is_used_that_the_client_has() {
    let mut world = World::new();
    world.settings.client_certificate = ClientCertificate::NeverAsked;
    for (arguments, suite) in [
        (&["-tls1_3"][..], "TLS_AES_128_GCM_SHA256"),
        (
            &[
                "-tls1_3",
                "-ciphersuites",
                "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384",
            ][..],
            "TLS_AES_256_GCM_SHA384",
        ),
        (
            &["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"][..],
            "TLS_CHACHA20_POLY1305_SHA256",
        ),
        (
            &[
                "-tls1_2",
                "-cipher",
                "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
            ][..],
            "ECDHE-ECDSA-AES128-GCM-SHA256",
        ),
        (
            &["-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"][..],
            "ECDHE-ECDSA-AES256-GCM-SHA384",
        ),
    ] {
        let gate = Gate::open(world.door(), None).await;
        let output = text(&openssl(&world, gate.address, arguments).await);
        assert!(
            output.contains(&format!("Cipher is {suite}")) && output.contains("admitted"),
            "{arguments:?} {output}"
        );
    }
}

#[test]
fn a_door_needs_a_certificate_with_its_key() {
    let mut settings = World::new().settings;
    settings.certificates.clear();
    assert!(matches!(Door::new(settings), Err(DoorError::NoCertificate)));
    let (one, other) = (Device::new(Kind::P256), Device::new(Kind::P256));
    assert!(matches!(
        server_certificate(vec![one.certificate], other.key),
        Err(DoorError::Tls(_))
    ));
}
