//! Claims that trusted users are given for devices; what one can do stands with the gateway's tests.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer};
use thingsmith_x509::{Certificate, NameAttribute};

use super::authority::role;
use super::named;
use super::provisioning_templates::jitp;
use super::query::{done, refused};

/// Makes a template `fleet` of a type.
async fn make_template(client: &Client, kind: &str) {
    let role = role(client, "provisioning").await;
    let new =
        json!({"templateName": "fleet", "templateBody": jitp(), "provisioningRoleArn": role, "type": kind});
    done(named(client, "CreateProvisioningTemplate", new).await);
}

fn fleet() -> Value {
    json!({"templateName": "fleet"})
}

#[tokio::test]
async fn a_trusted_user_is_given_a_certificate_that_the_registry_does_not_show() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        make_template(&admin, "FLEET_PROVISIONING").await;
        let given = done(named(&admin, "CreateProvisioningClaim", fleet()).await).json();
        let certificate = Certificate::from_pem(given["certificatePem"].as_str().unwrap()).unwrap();
        assert_eq!(given["certificateId"], certificate.id().to_string());
        assert_eq!(given["expiration"], json!(1_795_291_500.0));
        assert_eq!(certificate.not_after().as_seconds(), 1_795_291_500);
        assert_eq!(certificate.not_before().as_seconds(), 1_795_291_080);
        let issuer = certificate.issuer();
        assert_eq!(
            issuer.values(&NameAttribute::OrganizationalUnit).next(),
            Some("Amazon IoT Provisioning")
        );
        assert_eq!(issuer.attributes().len(), 6);
        let name = certificate.subject().common_name().unwrap();
        assert!(
            name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{name}"
        );
        let keys = &given["keyPair"];
        assert_eq!(keys["PublicKey"], certificate.public_key().to_pem());
        assert!(
            keys["PrivateKey"]
                .as_str()
                .unwrap()
                .starts_with("-----BEGIN RSA PRIVATE KEY-----")
        );
        let again = done(named(&admin, "CreateProvisioningClaim", fleet()).await).json();
        assert_ne!(again["certificateId"], given["certificateId"]);

        let id = json!({"certificateId": given["certificateId"]});
        for operation in ["DescribeCertificate", "DeleteCertificate"] {
            refused(
                &named(&admin, operation, id.clone()).await,
                404,
                "ResourceNotFoundException",
            );
        }
        let listed = done(named(&admin, "ListCertificates", json!({})).await).json();
        assert_eq!(listed["certificates"], json!([]));
        server.stop().await;
    }
}

#[tokio::test]
async fn a_claim_needs_a_template_for_fleets() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let asked = named(&admin, "CreateProvisioningClaim", fleet()).await;
    refused(&asked, 404, "ResourceNotFoundException");
    make_template(&admin, "JITP").await;
    let asked = named(&admin, "CreateProvisioningClaim", fleet()).await;
    refused(&asked, 400, "InvalidRequestException");
    server.rsa_keys.refill(0);
    done(named(&admin, "DeleteProvisioningTemplate", fleet()).await);
    let role = "arn:aws:iam::123456789012:role/provisioning";
    let new = json!({"templateName": "fleet", "templateBody": jitp(), "provisioningRoleArn": role});
    done(named(&admin, "CreateProvisioningTemplate", new).await);
    let asked = named(&admin, "CreateProvisioningClaim", fleet()).await;
    refused(&asked, 400, "ThrottlingException");
}

#[tokio::test]
async fn an_account_is_given_ten_claims_a_second() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    make_template(&admin, "FLEET_PROVISIONING").await;
    for _ in 0..10 {
        done(named(&admin, "CreateProvisioningClaim", fleet()).await);
    }
    let asked = named(&admin, "CreateProvisioningClaim", fleet()).await;
    refused(&asked, 400, "ThrottlingException");
    server.clock.advance(Duration::from_millis(100));
    done(named(&admin, "CreateProvisioningClaim", fleet()).await);
    let asked = named(&admin, "CreateProvisioningClaim", fleet()).await;
    refused(&asked, 400, "ThrottlingException");
}
