//! A domain configuration's security policy over MQTT in a WebSocket.

use std::time::Duration;

use rustls::version::{TLS12, TLS13};
use thingsmith_core::domain_configurations::{DATA_ATS, Requested};
use thingsmith_testkit::Engine;

use super::domains::{DOMAIN, make, tls, update};
use super::lab::{EVERYTHING, endpoint};
use super::wire::connect;
use super::wsock::{MQTT, Socket, ask, lab, nobody, signer, url};

#[tokio::test]
async fn a_security_policy_decides_the_versions_of_tls_of_a_websocket() {
    let lab = lab(Engine::Sqlite, EVERYTHING).await;
    make(&lab, &lab.realm, "own", Some(DOMAIN), Requested::default()).await;
    let own = endpoint(&lab.realm);
    for (policy, old, new) in [
        ("TLS13_1_3_2022_10", false, true),
        ("TLS12_1_2_2022_10", true, false),
        ("TLS13_1_2_2022_10", true, true),
    ] {
        for (configuration, name) in [("own", DOMAIN), (DATA_ATS, own.as_str())] {
            update(&lab, configuration, tls(policy)).await;
            lab.advance(Duration::from_secs(1));
            let target = url(&lab, &signer(&lab, "AKUSER"), None);
            for address in [lab.https, lab.browsers] {
                for (version, allowed) in [(&TLS12, old), (&TLS13, new)] {
                    let dial = || nobody(&lab).at(address).server_name(name).version(version);
                    if allowed {
                        let mut socket = Socket::open(dial(), &target).await;
                        assert!(
                            socket.introduce(connect("web")).await,
                            "{policy} {name} {version:?}"
                        );
                    } else {
                        assert!(dial().tls().await.is_err(), "{policy} {name} {version:?}");
                    }
                }
            }
        }
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_domain_that_speaks_https_alone_opens_no_websocket() {
    let lab = lab(Engine::Sqlite, EVERYTHING).await;
    let target = url(&lab, &signer(&lab, "AKUSER"), None);
    for (configuration, protocol, status) in [("wss", "MQTT_WSS", 101), ("https", "HTTPS", 404)] {
        let requested = Requested {
            authentication: Some("AWS_SIGV4".into()),
            protocol: Some(protocol.into()),
            ..Default::default()
        };
        let domain = format!("{configuration}.example.com");
        make(&lab, &lab.realm, configuration, Some(&domain), requested).await;
        let mut wire = nobody(&lab).server_name(&domain).tls().await.unwrap();
        assert_eq!(ask(&mut wire, &target, MQTT).await, status, "{protocol}");
    }
    lab.stop().await;
}
