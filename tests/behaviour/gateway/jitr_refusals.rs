//! Certificates that are not registered just in time, and what is written down about each.

use rcgen::{IsCa, KeyPair, PKCS_RSA_SHA256, date_time_ymd};
use rustls::pki_types::CertificateDer;
use serde_json::{Value, json};
use thingsmith_core::decisions::Decision;
use thingsmith_gateway::Config;
use thingsmith_testkit::Engine;

use super::factory::{Factory, authority, described, holder, registered};
use super::jitr::handler;
use super::lab::{Device, Lab, params};
use crate::http::named;

/// The latest record about a device.
fn decision(lab: &Lab, device: &Device) -> Decision {
    let records = lab.server.deeds.decisions().about(&device.id());
    records
        .last()
        .expect("its refusal is written down")
        .as_ref()
        .clone()
}

#[tokio::test]
async fn what_no_registered_ca_signed_in_a_good_way_is_refused_and_nothing_is_written() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let factory = Factory::new("factory");
        factory.register(&lab).await;
        let rsa = Factory::of_kind("rsa", &PKCS_RSA_SHA256);
        rsa.register(&lab).await;
        let mut handler = handler(&lab).await;
        let before = registered(&lab).await;

        let broken = {
            let mut device = factory.device("broken");
            let mut der = device.chain[0].to_vec();
            *der.last_mut().unwrap() ^= 1;
            device.chain[0] = CertificateDer::from(der.clone());
            device.certificate.id = thingsmith_x509::Certificate::from_der(&der).unwrap().id();
            device
        };
        let valid = |from: i32, to: i32| {
            let mut params = params("pump");
            params.not_before = date_time_ymd(from, 1, 1);
            params.not_after = date_time_ymd(to, 1, 1);
            factory.make(&params, KeyPair::generate().unwrap())
        };
        let intermediate = {
            let mut params = authority("intermediate");
            params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
            factory.make(&params, KeyPair::generate().unwrap())
        };
        let sha1 = rsa.openssl("sha1", &["-sha1"]);
        lab.server
            .clock
            .set(sha1.certificate.not_before.max(lab.server.deeds.clock().now()));
        let by_stranger = Factory::new("stranger");
        for (device, stage, reason) in [
            (
                by_stranger.device("pump"),
                "handshake",
                "nor is a CA certificate with the name of its issuer",
            ),
            (
                by_stranger.device("pump").sending(&by_stranger),
                "handshake",
                "nor is a CA certificate with the name of its issuer",
            ),
            (
                Factory::new("factory").device("pump"),
                "authority",
                "signed it: the signature does not verify",
            ),
            (
                Factory::new("factory").device("pump").sending(&factory),
                "authority",
                "signed it: the signature does not verify",
            ),
            (
                Factory::of_kind("factory", &PKCS_RSA_SHA256).device("pump"),
                "authority",
                "signed it",
            ),
            (broken, "authority", "signed it"),
            (valid(2001, 2002), "handshake", "expired at"),
            (valid(2090, 2091), "handshake", "is not valid before"),
            (
                intermediate,
                "authority",
                "certificate of a certificate authority (CA:TRUE)",
            ),
            (
                factory.itself(),
                "authority",
                "certificate of a certificate authority (CA:TRUE)",
            ),
            (sha1, "authority", "it cannot be registered"),
        ] {
            assert!(
                lab.dial(&device).mismatched().try_connect("pump").await.is_none(),
                "{reason}"
            );
            let decision = decision(&lab, &device);
            assert_eq!(decision.stage.as_str(), stage, "{}", decision.reason);
            assert!(decision.reason.contains(reason), "{}", decision.reason);
            assert_eq!(
                decision.realm, None,
                "strangers push out nothing that concerns the realm"
            );
            assert_eq!(described(&lab, &device).await, Value::Null, "{reason}");
        }
        assert_eq!(registered(&lab).await, before);
        assert!(handler.is_alive().await, "nobody was told of any");
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_ca_that_is_turned_off_registers_nothing_from_that_moment_on() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let admin = lab.server.administrator();
        let factory = Factory::new("factory");
        let ca = factory.register(&lab).await;
        let mut handler = handler(&lab).await;
        let node = lab.another_node().await;
        let pending = factory.device("pending");
        assert!(lab.dial(&pending).try_connect("pump").await.is_none());
        handler.message().await;
        let update = |more: Value| {
            let mut input = json!({"certificateId": ca});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            named(&admin, "UpdateCACertificate", input)
        };
        for (off, on, why) in [
            (
                json!({"newStatus": "INACTIVE"}),
                json!({"newStatus": "ACTIVE"}),
                "is INACTIVE",
            ),
            (
                json!({"newAutoRegistrationStatus": "DISABLE"}),
                json!({"newAutoRegistrationStatus": "ENABLE"}),
                "has the autoRegistrationStatus DISABLE",
            ),
            (
                json!({"removeAutoRegistration": true}),
                json!({"newAutoRegistrationStatus": "ENABLE"}),
                "has the autoRegistrationStatus DISABLE",
            ),
        ] {
            assert_eq!(update(off).await.status, 200);
            let unknown = factory.device("unknown");
            for device in [&pending, &unknown] {
                assert!(lab.dial(device).try_connect("pump").await.is_none());
                let decision = decision(&lab, device);
                assert!(decision.reason.contains(why), "{}", decision.reason);
                if let Some(node) = &node {
                    assert!(
                        lab.dial(device)
                            .at(node.address)
                            .try_connect("pump")
                            .await
                            .is_none()
                    );
                }
            }
            assert_eq!(described(&lab, &unknown).await, Value::Null);
            assert!(handler.is_alive().await, "nobody is told");
            assert_eq!(update(on).await.status, 200);
            assert!(lab.dial(&unknown).try_connect("pump").await.is_none());
            handler.message().await;
            assert_eq!(described(&lab, &unknown).await["status"], "PENDING_ACTIVATION");
        }
        // A CA that is gone leaves what it registered as it is.
        for more in [json!({"newStatus": "INACTIVE"})] {
            assert_eq!(update(more).await.status, 200);
        }
        let gone = named(&admin, "DeleteCACertificate", json!({"certificateId": ca})).await;
        assert_eq!(gone.status, 200, "{gone}");
        assert!(lab.dial(&pending).try_connect("pump").await.is_none());
        assert_eq!(described(&lab, &pending).await["status"], "PENDING_ACTIVATION");
        assert!(handler.is_alive().await);
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_ca_whose_time_is_over_registers_nothing() {
    let lab = Lab::start().await;
    let mut params = authority("short");
    params.not_after = date_time_ymd(2027, 1, 1);
    let factory = Factory::with(params, KeyPair::generate().unwrap());
    factory.register(&lab).await;
    let first = factory.device("first");
    assert!(lab.dial(&first).try_connect("pump").await.is_none());
    assert_eq!(described(&lab, &first).await["status"], "PENDING_ACTIVATION");
    lab.advance(std::time::Duration::from_secs(60 * 24 * 60 * 60));
    let late = factory.device("late");
    for device in [&first, &late] {
        assert!(lab.dial(device).try_connect("pump").await.is_none());
        let decision = decision(&lab, device);
        assert!(
            decision.reason.contains("is not valid now"),
            "{}",
            decision.reason
        );
    }
    assert_eq!(described(&lab, &late).await, Value::Null);
    lab.stop().await;
}

#[tokio::test]
async fn of_several_with_one_name_the_one_that_signed_is_found() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    let old = Factory::new("factory");
    let old_id = old.register(&lab).await;
    let other = Factory::new("factory");
    let other_id = other.register(&lab).await;
    let renewed = old.renewed("factory");
    let renewed_id = renewed.register(&lab).await;
    for (device, ca) in [
        (other.device("a"), &other_id),
        (old.device("b"), &renewed_id),
        (old.device("c").sending(&old), &old_id),
        (old.device("d").sending(&renewed), &renewed_id),
        (old.device("e").sending(&other), &renewed_id),
    ] {
        assert!(lab.dial(&device).try_connect("pump").await.is_none());
        assert_eq!(described(&lab, &device).await["caCertificateId"], **ca);
        let decision = decision(&lab, &device);
        assert_eq!(
            (
                decision.stage.as_str(),
                decision.ca_certificate_id.as_ref(),
                decision.realm
            ),
            ("registration", Some(ca), Some(lab.realm.realm))
        );
    }
    // What is turned off is passed over.
    let off = json!({"certificateId": renewed_id, "newStatus": "INACTIVE"});
    assert_eq!(named(&admin, "UpdateCACertificate", off).await.status, 200);
    let device = old.device("f").sending(&renewed);
    assert!(lab.dial(&device).try_connect("pump").await.is_none());
    assert_eq!(described(&lab, &device).await["caCertificateId"], old_id);
    lab.stop().await;
}

impl Factory {
    /// Whoever has the factory's own key connects with the factory's own certificate.
    fn itself(&self) -> Device {
        holder(self.certificate.clone(), &self.key_pem())
    }
}
