//! Who comes through the handshake: certificates, server names, protocols.

use std::time::Duration;

use rcgen::KeyPair;
use rustls::version::{TLS12, TLS13};
use rustls::{AlertDescription, Error};
use thingsmith_model::CertificateStatus::{Active, Inactive, Revoked};
use thingsmith_mqtt::Qos;
use thingsmith_ports::{Batch, Statement};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::lab::{Device, EVERYTHING, Lab, endpoint, params};
use super::wire::Dial;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The alert with which the server answers the handshake.
async fn alert(dial: Dial<'_>) -> Option<AlertDescription> {
    let error = match dial.tls().await {
        Err(error) => error,
        // TLS 1.3: the client is done before the server has seen its certificate.
        Ok(mut wire) => wire.stream.read(&mut [0]).await.unwrap_err(),
    };
    match error.get_ref()?.downcast_ref()? {
        Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

#[tokio::test]
async fn only_an_active_certificate_comes_in() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    assert!(lab.dial(&device).try_connect("pump").await.is_some());
    lab.set_status(&device, Inactive).await;
    assert!(lab.dial(&device).try_connect("pump").await.is_none());
    lab.set_status(&device, Active).await;
    assert!(lab.dial(&device).try_connect("pump").await.is_some());
    for status in ["PENDING_ACTIVATION", "PENDING_TRANSFER", "REGISTER_INACTIVE"] {
        let mut batch = Batch::new();
        let number = device.certificate.number.into();
        let statement = Statement::new(
            "UPDATE certificates SET status = $1 WHERE number = $2",
            [status.into(), number],
        );
        batch.guard(statement, 1);
        lab.server.deeds.store().write(batch).await.unwrap();
        assert!(lab.dial(&device).try_connect("pump").await.is_none(), "{status}");
    }
    let other = lab.device(EVERYTHING).await;
    assert!(lab.dial(&other).try_connect("pump").await.is_some());
    lab.set_status(&other, Revoked).await;
    assert!(lab.dial(&other).try_connect("pump").await.is_none());
    lab.stop().await;
}

#[tokio::test]
async fn a_certificate_that_nobody_registered_stays_out() {
    let lab = Lab::start().await;
    let known = lab.device(EVERYTHING).await;
    let key = KeyPair::generate().unwrap();
    let unregistered = Device {
        chain: vec![params("device").self_signed(&key).unwrap().der().clone()],
        key: key.into(),
        certificate: known.certificate.clone(),
        arn: known.arn.clone(),
    };
    for version in [&TLS12, &TLS13] {
        assert!(
            lab.dial(&known)
                .version(version)
                .try_connect("pump")
                .await
                .is_some()
        );
        assert!(
            lab.dial(&unregistered)
                .version(version)
                .try_connect("pump")
                .await
                .is_none()
        );
        let dial = lab.dial(&unregistered).version(version).no_server_name();
        assert!(dial.try_connect("pump").await.is_none());
    }
    // TLS 1.2 can say so; in 1.3 the connection just ends.
    assert_eq!(
        alert(lab.dial(&unregistered).version(&TLS12)).await,
        Some(AlertDescription::AccessDenied)
    );
}

#[tokio::test]
async fn a_certificate_without_its_key_or_no_certificate_stays_out() {
    let lab = Lab::start().await;
    let mut copied = lab.device(EVERYTHING).await;
    copied.key = KeyPair::generate().unwrap().into();
    for version in [&TLS12, &TLS13] {
        let without = Dial::new(&lab, None).version(version);
        assert_eq!(alert(without).await, Some(AlertDescription::CertificateRequired));
        let failed = lab
            .dial(&copied)
            .version(version)
            .mismatched()
            .try_connect("pump")
            .await;
        assert!(failed.is_none());
    }
    copied.key = lab.stranger("other").await.key;
    assert!(lab.dial(&copied).mismatched().try_connect("pump").await.is_none());
}

#[tokio::test]
async fn a_certificate_has_its_time() {
    let lab = Lab::start().await;
    let key = KeyPair::generate().unwrap();
    let mut params = params("device");
    params.not_before = rcgen::date_time_ymd(2026, 11, 22);
    params.not_after = rcgen::date_time_ymd(2026, 11, 24);
    let device = lab.register(&lab.realm, params, &key).await;
    lab.attach(&device, EVERYTHING).await;
    // The clock shows 20:00 of 2026-11-21.
    assert!(lab.dial(&device).try_connect("pump").await.is_none(), "not yet");
    lab.advance(DAY);
    assert!(lab.dial(&device).try_connect("pump").await.is_some());
    lab.advance(DAY);
    assert!(lab.dial(&device).try_connect("pump").await.is_some());
    lab.advance(DAY);
    assert!(lab.dial(&device).try_connect("pump").await.is_none(), "no longer");
}

#[tokio::test]
async fn a_server_name_leads_to_one_account_and_an_unknown_one_nowhere() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let other = lab.realm_of("210987654321", "us-east-1").await;
    let other_region = lab.realm_of("123456789012", "eu-west-1").await;
    let own = endpoint(&lab.realm);
    for name in [
        "localhost",
        "LocalHost",
        &own,
        &own.replace("-ats", ""),
        &own.to_ascii_uppercase(),
    ] {
        assert!(
            lab.dial(&device)
                .server_name(name)
                .try_connect("pump")
                .await
                .is_some(),
            "{name}"
        );
    }
    for realm in [&other, &other_region] {
        let dial = lab.dial(&device).server_name(&endpoint(realm));
        assert!(
            dial.try_connect("pump").await.is_none(),
            "its certificate is not of this account"
        );
    }
    for name in [
        "example.com",
        "aaaaaaaaaaaaaa-ats.iot.us-east-1.localhost",
        &own.replace("us-east-1", "eu-west-1"),
        &own.replace(".localhost", ".example.com"),
        &format!("{own}.localhost"),
        "sub.localhost",
    ] {
        for version in [&TLS12, &TLS13] {
            let dial = lab.dial(&device).server_name(name).version(version);
            assert_eq!(
                alert(dial).await,
                Some(AlertDescription::UnrecognisedName),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn without_a_server_name_the_certificate_must_lead_to_one_account() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    assert!(
        lab.dial(&device)
            .no_server_name()
            .try_connect("pump")
            .await
            .is_some()
    );

    let key = KeyPair::generate().unwrap();
    let sni_only = lab.register(&lab.realm, params("device"), &key).await;
    lab.attach(&sni_only, EVERYTHING).await;
    assert!(lab.dial(&sni_only).try_connect("pump").await.is_some());
    assert!(
        lab.dial(&sni_only)
            .no_server_name()
            .try_connect("pump")
            .await
            .is_none()
    );
}

#[tokio::test]
async fn one_certificate_in_two_accounts_is_two_devices() {
    let lab = Lab::start().await;
    let other = lab.realm_of("210987654321", "us-east-1").await;
    let key = KeyPair::generate().unwrap();
    let pem = params("device").self_signed(&key).unwrap().pem();
    let here = lab.register_pem(&lab.realm, &pem, &key, Active).await;
    let there = lab.register_pem(&other, &pem, &key, Active).await;
    lab.attach(&here, EVERYTHING).await;
    let to_other = || lab.dial(&there).server_name(&endpoint(&other));
    assert!(
        to_other().try_connect("pump").await.is_none(),
        "a policy of one account is none of the other's"
    );
    lab.attach_in(&other, &there, EVERYTHING).await;

    let mut mine = lab
        .dial(&here)
        .server_name(&endpoint(&lab.realm))
        .connect("pump")
        .await;
    let mut theirs = to_other().connect("pump").await;
    for (wire, filter) in [(&mut mine, "#"), (&mut theirs, "state/+")] {
        wire.subscribe(filter, Qos::AtLeastOnce).await;
    }
    mine.publish_qos_0("state/a", b"mine").await;
    assert_eq!(mine.text().await, "mine");
    theirs.publish_qos_0("state/a", b"theirs").await;
    assert_eq!(
        theirs.text().await,
        "theirs",
        "the first message that comes is its own"
    );
    assert!(mine.is_alive().await, "one client id in two accounts is two");
    assert!(theirs.is_alive().await);
    lab.until_connected(2).await;
}

#[tokio::test]
async fn the_protocol_is_mqtts_or_none() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    for version in [&TLS12, &TLS13] {
        let dial = || lab.dial(&device).version(version);
        assert!(dial().try_connect("pump").await.is_some());
        assert!(
            dial()
                .protocol("x-amzn-mqtt-ca")
                .try_connect("pump")
                .await
                .is_some()
        );
        let two = dial().protocol("http/1.1").protocol("x-amzn-mqtt-ca");
        assert!(two.try_connect("pump").await.is_some());
        for protocol in ["http/1.1", "mqtt", "x-amzn-http-ca"] {
            let alert = alert(dial().protocol(protocol)).await;
            assert_eq!(alert, Some(AlertDescription::NoApplicationProtocol), "{protocol}");
        }
    }
}

#[tokio::test]
async fn a_client_that_waits_after_its_handshake_is_asked_for_its_status_again() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut waiting = lab.dial(&device).version(&TLS12).tls().await.unwrap();
    lab.set_status(&device, Inactive).await;
    lab.advance(Duration::from_secs(1));
    let connect = super::wire::connect("pump");
    waiting
        .send(&thingsmith_mqtt::Packet::Connect(Box::new(connect)))
        .await;
    waiting.ends().await;
}

#[tokio::test]
async fn what_is_not_tls_is_told_so_and_harms_nobody() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let mut healthy = lab.dial(&device).connect("healthy").await;
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"[..],
        b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c",
        b"\x16\x03\x01\xff\xff",
        &[0x16, 3, 1, 0, 4, 1, 0, 0, 0],
        &[0xff; 4096],
    ] {
        let mut tcp = TcpStream::connect(lab.address).await.unwrap();
        let _ = tcp.write_all(garbage).await;
        let _ = tcp.shutdown().await;
        let mut heard = Vec::new();
        let _ = tcp.read_to_end(&mut heard).await;
        assert!(
            heard.is_empty() || heard[0] == 21,
            "an alert or nothing, not {heard:02x?}"
        );
    }
    assert!(healthy.is_alive().await);
}
