//! Keys and certificates by the service.

use std::time::{Duration, Instant};

use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use thingsmith_testkit::{Engine, TestServer};

use super::authority::refused;
use super::named;

#[tokio::test]
async fn a_key_and_its_certificate_are_made() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for (input, status) in [
            (json!({"setAsActive": true}), "ACTIVE"),
            (json!({"setAsActive": false}), "INACTIVE"),
            (json!({}), "INACTIVE"),
        ] {
            let made = named(&admin, "CreateKeysAndCertificate", input).await;
            assert_eq!(made.status, 200, "{made}");
            let (id, pem) = (made.text("certificateId"), made.text("certificatePem"));
            let pair = made.json()["keyPair"].clone();
            let (public, private) = (
                pair["PublicKey"].as_str().unwrap(),
                pair["PrivateKey"].as_str().unwrap(),
            );
            assert!(public.starts_with("-----BEGIN PUBLIC KEY-----\n"));
            assert!(private.starts_with("-----BEGIN RSA PRIVATE KEY-----\n"));
            let key = PrivateKeyDer::from_pem_slice(private.as_bytes()).unwrap();
            assert!(matches!(key, PrivateKeyDer::Pkcs1(_)));
            let certificate = thingsmith_x509(&pem);
            assert_eq!(certificate.id().to_string(), id);
            assert_eq!(certificate.public_key().to_pem(), public);
            assert_eq!(certificate.subject().to_string(), "CN=AWS IoT Certificate");
            assert_eq!(certificate.public_key().kind().to_string(), "RSA 2048");
            // The two halves belong together.
            let provider = rustls::crypto::aws_lc_rs::default_provider();
            let chain = vec![certificate.der().to_vec().into()];
            rustls::sign::CertifiedKey::from_der(chain, key, &provider)
                .unwrap()
                .keys_match()
                .unwrap();
            let found = named(&admin, "DescribeCertificate", json!({"certificateId": id})).await;
            let shown = found.json()["certificateDescription"].clone();
            assert_eq!(
                (
                    &shown["status"],
                    &shown["certificateMode"],
                    &shown["certificatePem"]
                ),
                (&json!(status), &json!("DEFAULT"), &json!(pem))
            );
            assert!(
                !found.to_string().contains("PRIVATE"),
                "the private key is given once"
            );
        }
        server.stop().await;
    }
}

fn thingsmith_x509(pem: &str) -> thingsmith_x509::Certificate {
    thingsmith_x509::Certificate::from_pem(pem).unwrap()
}

#[tokio::test]
async fn without_a_key_at_hand_the_caller_is_told_to_come_back() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    server.rsa_keys.refill(2);
    let made = || named(&admin, "CreateKeysAndCertificate", json!({}));
    for _ in 0..2 {
        assert_eq!(made().await.status, 200);
    }
    insta::assert_snapshot!(made().await, @r#"
    400 ThrottlingException
    {
      "message": "No RSA key is ready: keys are asked for faster than they are made. Try again later, or make the key on the device and send a CSR."
    }
    "#);
    let listed = named(&admin, "ListCertificates", json!({})).await.json();
    assert_eq!(listed["certificates"].as_array().unwrap().len(), 2);
    server.rsa_keys.refill(1);
    assert_eq!(made().await.status, 200);
    refused(&made().await, 400, "ThrottlingException");
}

#[tokio::test]
async fn a_key_is_handed_out_without_being_waited_for() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    server.rsa_keys.refill(20);
    let mut quickest = Duration::MAX;
    for _ in 0..20 {
        let began = Instant::now();
        assert_eq!(
            named(&admin, "CreateKeysAndCertificate", json!({})).await.status,
            200
        );
        quickest = quickest.min(began.elapsed());
    }
    // Making one takes 20 times as long; unoptimised code signs slowly, and others use the machine.
    println!("CreateKeysAndCertificate: {quickest:?}");
    assert!(quickest < Duration::from_millis(50), "{quickest:?}");
}
