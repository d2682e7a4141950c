//! Just-in-time registration: a device of a registered CA connects, and somebody is told.

use std::num::NonZeroUsize;
use std::time::Duration;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use thingsmith_core::connections::FirstConnection;
use thingsmith_gateway::Config;
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::AtLeastOnce;
use thingsmith_testkit::Engine;
use tokio::io::AsyncWriteExt;

use super::factory::{Factory, described, registered};
use super::lab::{Device, EVERYTHING, Lab, endpoint, params};
use super::wire::Wire;
use crate::http::named;

/// Hears of every certificate that awaits its activation.
pub(super) async fn handler(lab: &Lab) -> Wire {
    let operator = lab.device(EVERYTHING).await;
    let mut wire = lab.dial(&operator).connect("handler").await;
    let filter = "$aws/events/certificates/registered/#";
    assert_eq!(wire.subscribe(filter, AtLeastOnce).await, Granted(AtLeastOnce));
    wire
}

/// Activates a certificate and lets it do everything.
async fn activate(lab: &Lab, device: &Device) {
    let admin = lab.server.administrator();
    let arn = described(lab, device).await["certificateArn"].clone();
    let name = format!("policy-of-{}", &device.id()[..8]);
    let policy = json!({"policyName": name, "policyDocument": EVERYTHING});
    assert_eq!(named(&admin, "CreatePolicy", policy).await.status, 200);
    let attach = json!({"policyName": name, "target": arn});
    assert_eq!(named(&admin, "AttachPolicy", attach).await.status, 200);
    let active = json!({"certificateId": device.id(), "newStatus": "ACTIVE"});
    assert_eq!(named(&admin, "UpdateCertificate", active).await.status, 200);
}

#[tokio::test]
async fn a_device_is_registered_announced_and_refused_until_somebody_activates_it() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let factory = Factory::new("factory");
        let ca = factory.register(&lab).await;
        let mut handler = handler(&lab).await;
        let device = factory.device("pump-1");
        let event = |now: i64| {
            format!(
                r#"{{"certificateId":"{}","caCertificateId":"{ca}","timestamp":{now},"certificateStatus":"PENDING_ACTIVATION","awsAccountId":"123456789012","certificateRegistrationTimestamp":"1795291200123"}}"#,
                device.id()
            )
        };
        let topic = format!("$aws/events/certificates/registered/{ca}");

        assert!(lab.dial(&device).try_connect("pump-1").await.is_none());
        let (heard, body, _) = handler.message().await;
        assert_eq!(
            (heard, body),
            (topic.clone(), event(1_795_291_200_123).into_bytes())
        );
        let shown = described(&lab, &device).await;
        assert_eq!(
            (
                &shown["status"],
                &shown["caCertificateId"],
                &shown["certificateMode"]
            ),
            (&json!("PENDING_ACTIVATION"), &json!(ca), &json!("SNI_ONLY"))
        );
        assert_eq!(shown["customerVersion"], 1);

        // It tries again, and the event comes again with the time of the first registration.
        lab.advance(Duration::from_millis(1077));
        assert!(lab.dial(&device).try_connect("pump-1").await.is_none());
        let (heard, body, _) = handler.message().await;
        assert_eq!((heard, body), (topic, event(1_795_291_201_200).into_bytes()));
        assert_eq!(described(&lab, &device).await, shown, "nothing was changed by it");

        activate(&lab, &device).await;
        let mut pump = lab.dial(&device).connect("pump-1").await;
        assert!(pump.publish("pumps/1", b"up").await);
        assert!(handler.is_alive().await, "an active certificate is no event");
        lab.stop().await;
    }
}

#[tokio::test]
async fn every_kind_of_certificate_is_registered_however_it_comes() {
    let lab = Lab::start().await;
    let mut handler = handler(&lab).await;
    let factories = [
        Factory::of_kind("elliptic", &PKCS_ECDSA_P256_SHA256),
        Factory::of_kind("rsa", &PKCS_RSA_SHA256),
    ];
    // RSA signs the same certificate in the same way, so each says something else.
    let mut names = (0..).map(|number| format!("pump-{number}"));
    let mut device_keys = Vec::new();
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_RSA_SHA256] {
        device_keys.push(KeyPair::generate_for(algorithm).unwrap().serialize_pem());
    }
    for factory in &factories {
        let ca = factory.register(&lab).await;
        for version in [&TLS12, &TLS13] {
            for key in &device_keys {
                for sends_ca in [false, true] {
                    let mut device =
                        factory.make(&params(&names.next().unwrap()), KeyPair::from_pem(key).unwrap());
                    if sends_ca {
                        device = device.sending(factory);
                    }
                    let dial = lab
                        .dial(&device)
                        .version(version)
                        .server_name(&endpoint(&lab.realm));
                    assert!(dial.try_connect("pump").await.is_none());
                    let event: Value = serde_json::from_str(&handler.text().await).unwrap();
                    assert_eq!(
                        (&event["certificateId"], &event["caCertificateId"]),
                        (&json!(device.id()), &json!(ca))
                    );
                    activate(&lab, &device).await;
                    lab.dial(&device).version(version).connect("pump").await;
                }
            }
        }
        // What `openssl x509 -req` of the guide makes: version 1.
        let device = factory.openssl("old", &[]);
        assert_eq!(
            thingsmith_x509::Certificate::from_der(&device.chain[0])
                .unwrap()
                .version(),
            1
        );
        lab.server
            .clock
            .set(device.certificate.not_before.max(lab.server.deeds.clock().now()));
        for version in [&TLS12, &TLS13] {
            // Our client's library reads no version 1, also not its own.
            let dial = lab.dial(&device).version(version).mismatched();
            assert!(dial.try_connect("old").await.is_none());
            let event: Value = serde_json::from_str(&handler.text().await).unwrap();
            assert_eq!(event["certificateId"], device.id());
        }
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_client_that_leaves_after_its_handshake_is_registered_all_the_same() {
    let lab = Lab::start().await;
    let factory = Factory::new("factory");
    factory.register(&lab).await;
    let mut handler = handler(&lab).await;
    let device = factory.device("hasty");
    // As openssl s_client does at the end of its input.
    let mut wire = lab.dial(&device).version(&TLS13).tls().await.unwrap();
    wire.stream.shutdown().await.unwrap();
    drop(wire);
    let event: Value = serde_json::from_str(&handler.text().await).unwrap();
    assert_eq!(event["certificateId"], device.id());
    lab.stop().await;
}

#[tokio::test]
async fn without_a_server_name_the_ca_certificate_sent_along_says_whose_device_it_is() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let admin = lab.server.administrator();
        let mut handler = handler(&lab).await;
        let before = registered(&lab).await;
        let claimed = Factory::new("claimed");
        let ca = claimed.claim(&admin).await;
        let by_name = Factory::new("by name");
        by_name.register(&lab).await;
        for nobody in [
            claimed.device("silent"),
            by_name.device("pump").sending(&by_name),
            claimed.device("astray").sending(&by_name),
            by_name.device("astray").sending(&claimed),
        ] {
            let dial = lab.dial(&nobody).no_server_name();
            assert!(dial.try_connect("pump").await.is_none());
        }
        assert_eq!(registered(&lab).await, before);
        assert!(handler.is_alive().await, "and nobody was told");
        let device = claimed.device("pump").sending(&claimed);
        for _ in 0..2 {
            let dial = lab.dial(&device).no_server_name();
            assert!(dial.try_connect("pump").await.is_none());
            let event: Value = serde_json::from_str(&handler.text().await).unwrap();
            assert_eq!(event["caCertificateId"], ca);
        }
        assert_eq!(described(&lab, &device).await["certificateMode"], "DEFAULT");
        activate(&lab, &device).await;
        lab.dial(&device).no_server_name().connect("pump").await;

        // Once another region has the CA certificate too, it leads nowhere.
        claimed.claim(&admin.region("eu-west-1")).await;
        let other = claimed.device("other").sending(&claimed);
        let dial = lab.dial(&other).no_server_name();
        assert!(dial.try_connect("pump").await.is_none());
        assert_eq!(described(&lab, &other).await, Value::Null);
        assert!(lab.dial(&other).try_connect("pump").await.is_none());
        assert_eq!(described(&lab, &other).await["status"], "PENDING_ACTIVATION");
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_ca_in_two_accounts_registers_where_the_server_name_leads() {
    const OTHER: &str = "210987654321";
    let lab = Lab::start().await;
    let other = lab.realm_of(OTHER, "us-east-1").await;
    let factory = Factory::new("factory");
    factory.register(&lab).await;
    let device = factory.device("pump");
    let there = || lab.dial(&device).server_name(&endpoint(&other));
    assert!(there().try_connect("pump").await.is_none());
    assert_eq!(
        described(&lab, &device).await,
        Value::Null,
        "that account has no such CA"
    );
    assert!(lab.dial(&device).try_connect("pump").await.is_none());
    assert_eq!(described(&lab, &device).await["status"], "PENDING_ACTIVATION");
    activate(&lab, &device).await;
    lab.dial(&device).connect("pump").await;
    assert!(
        there().try_connect("pump").await.is_none(),
        "it is active here and unknown there"
    );
    lab.stop().await;
}

#[tokio::test]
async fn two_hundred_at_once_are_registered_once_each() {
    for engine in Engine::available() {
        let config = Config {
            handshakes_per_address: NonZeroUsize::new(1024).unwrap(),
            ..Config::default()
        };
        let lab = Lab::on(engine, config).await;
        let factory = Factory::new("factory");
        let ca = factory.register(&lab).await;
        let devices: Vec<_> = (0..200)
            .map(|number| factory.device(&format!("pump-{number}")))
            .collect();
        // Each by two connections at the same moment.
        let connections = devices.iter().flat_map(|device| [device, device]);
        let connections = connections.map(|device| lab.dial(device).try_connect("pump"));
        let connected = futures_of(connections).await;
        assert!(connected.iter().all(Option::is_none));
        let input = json!({"caCertificateId": ca, "pageSize": 250});
        let list = named(&lab.server.administrator(), "ListCertificatesByCA", input)
            .await
            .json();
        let list = list["certificates"].as_array().unwrap().clone();
        assert_eq!(list.len(), devices.len());
        assert!(
            list.iter()
                .all(|certificate| certificate["status"] == "PENDING_ACTIVATION")
        );
        lab.stop().await;
    }
}

/// Awaits all at once.
pub(super) async fn futures_of<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|context| {
        let mut waiting = false;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(done) => *output = Some(done),
                    std::task::Poll::Pending => waiting = true,
                }
            }
        }
        match waiting {
            true => std::task::Poll::Pending,
            false => std::task::Poll::Ready(()),
        }
    })
    .await;
    futures.into_iter().map(|(_, output)| output.unwrap()).collect()
}

#[tokio::test]
async fn a_first_connection_that_is_held_comes_in_once_somebody_has_activated_it() {
    let held = |seconds: u64| Config {
        first_connection: FirstConnection::Held(Duration::from_secs(seconds)),
        ..Config::default()
    };
    let lab = Lab::with(held(9)).await;
    let factory = Factory::new("factory");
    factory.register(&lab).await;
    let mut handler = handler(&lab).await;
    for version in [&TLS12, &TLS13] {
        let device = factory.device("pump");
        let connecting = lab.dial(&device).version(version).connect("pump");
        let activating = async {
            handler.message().await;
            activate(&lab, &device).await;
        };
        let (mut wire, ()) = tokio::join!(connecting, activating);
        assert!(wire.is_alive().await);
    }
    lab.stop().await;

    // Patience ends, and somebody may say no.
    let lab = Lab::with(held(0)).await;
    factory.register(&lab).await;
    assert!(
        lab.dial(&factory.device("pump"))
            .try_connect("pump")
            .await
            .is_none()
    );
    lab.stop().await;
    let lab = Lab::with(held(9)).await;
    factory.register(&lab).await;
    let mut handler = self::handler(&lab).await;
    let device = factory.device("pump");
    let revoking = async {
        handler.message().await;
        let revoked = json!({"certificateId": device.id(), "newStatus": "REVOKED"});
        named(&lab.server.administrator(), "UpdateCertificate", revoked).await
    };
    let (wire, _) = tokio::join!(lab.dial(&device).try_connect("pump"), revoking);
    assert!(wire.is_none());
    lab.stop().await;
}
