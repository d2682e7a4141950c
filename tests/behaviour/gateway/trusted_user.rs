//! Claims of trusted users: five minutes, one template, and nothing but provisioning.

use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};
use thingsmith_core::certificates::{Certificate, register_certificate_without_ca};
use thingsmith_gateway::Config;
use thingsmith_model::{CertificateMode, CertificateStatus};
use thingsmith_mqtt::Grant::Granted;
use thingsmith_mqtt::Qos::AtLeastOnce;
use thingsmith_testkit::{Engine, REGION};

use super::jitp::done;
use super::lab::{Device, Lab, endpoint};
use super::wire::{REFUSED, subscription};
use crate::http::role;

/// Makes an enabled template for fleets that registers a thing named after its serial number.
pub(super) async fn make_template(lab: &Lab, name: &str, role: &str) {
    let body = json!({
        "Parameters": {
            "SerialNumber": {"Type": "String"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "SerialNumber"}}},
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
            },
        },
    });
    let input = json!({"templateName": name, "templateBody": body.to_string(), "enabled": true,
        "provisioningRoleArn": role});
    done(&lab.server.administrator(), "CreateProvisioningTemplate", input).await;
}

/// Has a trusted user given a claim for a template.
pub(super) async fn claim(lab: &Lab, template: &str) -> Device {
    let input = json!({"templateName": template});
    let given = done(&lab.server.administrator(), "CreateProvisioningClaim", input).await;
    let text = |value: &Value| value.as_str().unwrap().as_bytes().to_vec();
    let der = CertificateDer::from_pem_slice(&text(&given["certificatePem"])).unwrap();
    let read = thingsmith_x509::Certificate::from_der(&der).unwrap();
    // As the registry would keep it, if it did.
    let certificate = Certificate {
        number: 0,
        id: read.id(),
        status: CertificateStatus::Active,
        mode: CertificateMode::SniOnly,
        ca: None,
        previous_owner: None,
        der: der.to_vec(),
        not_before: read.not_before(),
        not_after: read.not_after(),
        created_at: read.not_before(),
        modified_at: read.not_before(),
        customer_version: 1,
        generation_id: Default::default(),
    };
    Device {
        chain: vec![der],
        key: PrivateKeyDer::from_pem_slice(&text(&given["keyPair"]["PrivateKey"])).unwrap(),
        arn: String::new(),
        certificate,
    }
}

/// A lab with the templates `fleet` and `other`.
async fn prepared(engine: Engine) -> Lab {
    let lab = Lab::on(engine, Config::default()).await;
    let role = role(&lab.server.administrator(), "fleet").await;
    make_template(&lab, "fleet", &role).await;
    make_template(&lab, "other", &role).await;
    lab
}

#[tokio::test]
async fn a_claim_can_do_nothing_but_provision_with_its_template() {
    for engine in Engine::available() {
        let lab = prepared(engine).await;
        let claim = claim(&lab, "fleet").await;
        let mut wire = lab.dial(&claim).connect("any-client").await;
        for open in [
            "$aws/certificates/create/json/accepted",
            "$aws/certificates/create/+/rejected",
            "$aws/certificates/create-from-csr/cbor/#",
            "$aws/provisioning-templates/fleet/provision/json/accepted",
        ] {
            assert_eq!(
                wire.subscribe(open, AtLeastOnce).await,
                Granted(AtLeastOnce),
                "{open}"
            );
        }
        for closed in [
            "#",
            "plant/#",
            "$aws/certificates/#",
            "$aws/provisioning-templates/other/provision/json/accepted",
            "$aws/provisioning-templates/+/provision/json/accepted",
            "$aws/provisioning-templates/fleet2/provision/json/accepted",
            "$aws/events/#",
            "$aws/things/any-client/shadow/get/accepted",
        ] {
            assert_eq!(wire.subscribe(closed, AtLeastOnce).await, REFUSED, "{closed}");
        }
        for topic in [
            "plant/1",
            "$aws/provisioning-templates/other/provision/json",
            "$aws/things/any-client/shadow/get",
            "$aws/rules/ingest",
        ] {
            let mut wire = lab.dial(&claim).connect("publisher").await;
            assert!(!wire.publish(topic, b"{}").await, "{topic}");
        }
        assert!(wire.is_alive().await);
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_claim_is_let_in_where_it_is_of_alone() {
    let lab = prepared(Engine::Sqlite).await;
    let claim = claim(&lab, "fleet").await;
    let other = lab.realm_of("210987654321", REGION).await;
    let abroad = lab.realm_of("123456789012", "eu-west-1").await;
    let own = endpoint(&lab.realm);
    assert!(
        lab.dial(&claim)
            .server_name(&own)
            .try_connect("a")
            .await
            .is_some()
    );
    for other in [endpoint(&other), endpoint(&abroad)] {
        let dial = lab.dial(&claim).server_name(&other);
        assert!(dial.try_connect("b").await.is_none(), "{other}");
    }
    assert!(lab.dial(&claim).no_server_name().try_connect("c").await.is_none());
    // Whoever registers it makes it a certificate like any other.
    let (pem, inactive) = (claim.certificate.pem(), CertificateStatus::Inactive);
    register_certificate_without_ca(&lab.server.deeds, &lab.realm, &pem, inactive)
        .await
        .unwrap();
    assert!(
        lab.dial(&claim)
            .server_name(&own)
            .try_connect("d")
            .await
            .is_none()
    );
}

#[tokio::test]
async fn a_claim_ends_after_five_minutes() {
    let lab = prepared(Engine::Sqlite).await;
    let claim = claim(&lab, "fleet").await;
    let filter = "$aws/certificates/create/json/accepted";
    let mut wire = lab.dial(&claim).connect("early").await;
    // The clock stands 123 ms behind a second, and a certificate says whole ones.
    lab.advance(Duration::from_millis(299_800));
    assert_eq!(wire.subscribe(filter, AtLeastOnce).await, Granted(AtLeastOnce));
    assert!(lab.dial(&claim).try_connect("in-time").await.is_some());
    lab.advance(Duration::from_millis(200));
    // Whoever is connected asks for nothing more.
    wire.send(&subscription(filter)).await;
    wire.ends().await;
    lab.advance(Duration::from_secs(1));
    assert!(lab.dial(&claim).try_connect("late").await.is_none());
    // And when it is forgotten.
    lab.advance(Duration::from_secs(2 * 3600));
    thingsmith_core::provisioning_claims::sweep(&lab.server.deeds)
        .await
        .unwrap();
    assert!(lab.dial(&claim).try_connect("very-late").await.is_none());
}

#[tokio::test]
async fn a_claim_ends_with_its_template() {
    for engine in Engine::available() {
        let lab = prepared(engine).await;
        let (one, other) = (claim(&lab, "fleet").await, claim(&lab, "other").await);
        let mut gone = lab.dial(&one).connect("one").await;
        let mut stays = lab.dial(&other).connect("two").await;
        let admin = lab.server.administrator();
        done(
            &admin,
            "DeleteProvisioningTemplate",
            json!({"templateName": "fleet"}),
        )
        .await;
        gone.ends().await;
        assert!(stays.is_alive().await);
        assert!(lab.dial(&one).try_connect("one").await.is_none());
        // Nor does one of the same name bring it back.
        let role = "arn:aws:iam::123456789012:role/fleet";
        make_template(&lab, "fleet", role).await;
        assert!(lab.dial(&one).try_connect("one").await.is_none());
        lab.stop().await;
    }
}
