//! Names of domain configurations: who comes by them, and what is spoken there.

use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use thingsmith_core::domain_configurations::{
    self as domains, DATA_ATS, DomainConfigurationUpdate, NewDomainConfiguration, Requested,
};
use thingsmith_core::realms::RealmRecord;
use thingsmith_model::CertificateStatus::Active;
use thingsmith_testkit::Engine;

use super::lab::{Device, EVERYTHING, Lab, endpoint, params};

pub(super) const DOMAIN: &str = "iot.example.com";
const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn make(
    lab: &Lab,
    realm: &RealmRecord,
    name: &str,
    domain: Option<&str>,
    requested: Requested,
) -> String {
    let certificate = format!("arn:aws:acm:{}:{}:certificate/a", realm.region, realm.account);
    let new = NewDomainConfiguration {
        name: name.into(),
        domain_name: domain.map(str::to_owned),
        server_certificates: domain.map(|_| certificate).into_iter().collect(),
        validation_certificate: None,
        requested,
        tags: Default::default(),
    };
    domains::create_domain_configuration(&lab.server.deeds, realm, new, "localhost")
        .await
        .unwrap()
        .domain
}

pub(super) async fn update(lab: &Lab, name: &str, update: DomainConfigurationUpdate) {
    domains::update_domain_configuration(&lab.server.deeds, &lab.realm, name, &update)
        .await
        .unwrap();
}

fn status(enabled: bool) -> DomainConfigurationUpdate {
    DomainConfigurationUpdate {
        enabled: Some(enabled),
        ..Default::default()
    }
}

pub(super) fn tls(policy: &str) -> DomainConfigurationUpdate {
    DomainConfigurationUpdate {
        requested: Requested {
            tls: Some(Some(format!("IoTSecurityPolicy_{policy}"))),
            ..Default::default()
        },
        ..Default::default()
    }
}

fn spoken(protocol: &str) -> Requested {
    Requested {
        authentication: Some("AWS_X509".into()),
        protocol: Some(protocol.into()),
        ..Default::default()
    }
}

async fn comes_in(lab: &Lab, device: &Device, name: &str) -> bool {
    lab.dial(device)
        .server_name(name)
        .try_connect("pump")
        .await
        .is_some()
}

#[tokio::test]
async fn a_device_comes_by_a_domain_while_it_is_enabled() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Default::default()).await;
        let device = lab.device(EVERYTHING).await;
        assert!(!comes_in(&lab, &device, DOMAIN).await);
        make(
            &lab,
            &lab.realm,
            "own",
            Some("IoT.example.com"),
            Requested::default(),
        )
        .await;
        let made = make(&lab, &lab.realm, "made", None, Requested::default()).await;
        // The client trusts our roots and checks the name, so the certificate is for it.
        for name in [DOMAIN, &made] {
            assert!(comes_in(&lab, &device, name).await, "{name}");
            assert!(!comes_in(&lab, &device, &format!("a.{name}")).await, "{name}");
        }
        update(&lab, "own", status(false)).await;
        lab.advance(SECOND);
        assert!(!comes_in(&lab, &device, DOMAIN).await);
        assert!(comes_in(&lab, &device, &made).await);
        update(&lab, "own", status(true)).await;
        assert!(comes_in(&lab, &device, DOMAIN).await);
        update(&lab, "own", status(false)).await;
        domains::delete_domain_configuration(&lab.server.deeds, &lab.realm, "own")
            .await
            .unwrap();
        lab.advance(SECOND);
        assert!(!comes_in(&lab, &device, DOMAIN).await);
        lab.stop().await;
    }
}

#[tokio::test]
async fn another_accounts_domain_leads_to_the_other_account() {
    let lab = Lab::start().await;
    let other = lab.realm_of("210987654321", "us-east-1").await;
    let mine = lab.device(EVERYTHING).await;
    let key = rcgen::KeyPair::generate().unwrap();
    let pem = params("device").self_signed(&key).unwrap().pem();
    let theirs = lab.register_pem(&other, &pem, &key, Active).await;
    lab.attach_in(&other, &theirs, EVERYTHING).await;
    make(&lab, &other, "theirs", Some(DOMAIN), Requested::default()).await;
    assert!(comes_in(&lab, &theirs, DOMAIN).await);
    assert!(!comes_in(&lab, &mine, DOMAIN).await);
    assert!(!comes_in(&lab, &theirs, "localhost").await);
    // Once it is given up and taken by another account it leads there.
    let off = status(false);
    domains::update_domain_configuration(&lab.server.deeds, &other, "theirs", &off)
        .await
        .unwrap();
    domains::delete_domain_configuration(&lab.server.deeds, &other, "theirs")
        .await
        .unwrap();
    make(&lab, &lab.realm, "mine", Some(DOMAIN), Requested::default()).await;
    lab.advance(SECOND);
    assert!(!comes_in(&lab, &theirs, DOMAIN).await);
    assert!(comes_in(&lab, &mine, DOMAIN).await);
    lab.stop().await;
}

#[tokio::test]
async fn a_security_policy_decides_the_versions_of_tls() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    make(&lab, &lab.realm, "own", Some(DOMAIN), Requested::default()).await;
    let own = endpoint(&lab.realm);
    for (policy, old, new) in [
        ("TLS13_1_3_2022_10", false, true),
        ("TLS12_1_2_2022_10", true, false),
        ("TLS13_1_2_2022_10", true, true),
        ("TLS12_1_0_2016_01", true, false),
    ] {
        for (configuration, names) in [("own", vec![DOMAIN]), (DATA_ATS, vec!["localhost", &own])] {
            update(&lab, configuration, tls(policy)).await;
            lab.advance(SECOND);
            for name in names {
                for address in [lab.address, lab.https] {
                    for (version, allowed) in [(&TLS12, old), (&TLS13, new)] {
                        let dial = lab.dial(&device).at(address).server_name(name).version(version);
                        let came = dial.try_connect("pump").await.is_some();
                        assert_eq!(came, allowed, "{policy} {name} {version:?}");
                    }
                }
            }
        }
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_domain_speaks_what_it_was_told_to() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    make(
        &lab,
        &lab.realm,
        "mqtt",
        Some("mqtt.example.com"),
        spoken("SECURE_MQTT"),
    )
    .await;
    make(
        &lab,
        &lab.realm,
        "https",
        Some("https.example.com"),
        spoken("HTTPS"),
    )
    .await;
    let request =
        b"POST /topics/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    for (name, mqtt, https) in [
        ("mqtt.example.com", [true, true], [false, false]),
        ("https.example.com", [false, false], [false, true]),
        ("localhost", [true, true], [false, true]),
    ] {
        for (address, mqtt, https) in [(lab.address, mqtt[0], https[0]), (lab.https, mqtt[1], https[1])] {
            let dial = || lab.dial(&device).at(address).server_name(name);
            assert_eq!(
                dial().try_connect("pump").await.is_some(),
                mqtt,
                "{name} {address}"
            );
            let Ok(mut wire) = dial().tls().await else {
                assert!(!https, "{name} {address}");
                continue;
            };
            wire.bytes(request).await;
            let answer = wire.rest().await;
            assert_eq!(answer.starts_with(b"HTTP/1.1 200"), https, "{name} {address}");
        }
    }
    lab.stop().await;
}
