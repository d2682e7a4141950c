//! A fleet whose devices provision themselves by a claim.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use thingsmith_core::connections::{ConnectFacts, FirstConnection, Principal, Proof, Shown, admit};
use thingsmith_core::fleet_provisioning::{self, Asked, Claimant};
use thingsmith_core::identity_policies::{self, Holder};
use thingsmith_core::provisioning_templates::{self, NewProvisioningTemplate, TemplateKind};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::roles::{self, NewRole};
use thingsmith_core::{Deeds, certificates, iam};
use thingsmith_model::CertificateStatus;

/// The topics of the requests.
pub(crate) const FROM_CSR: &str = "$aws/certificates/create-from-csr/json";
pub(crate) const WITH_KEYS: &str = "$aws/certificates/create/json";
pub(crate) const REGISTER: &str = "$aws/provisioning-templates/fleet/provision/json";

/// A thing that is called as its serial number is, and the policy `free`.
const TEMPLATE: &str = r#"{"Parameters": {"SerialNumber": {"Type": "String"}}, "Resources": {
    "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "SerialNumber"}}},
    "certificate": {"Type": "AWS::IoT::Certificate",
        "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}}},
    "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "free"}}}}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"iot.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iot:*","s3:*"],"Resource":"*"}}"#;

/// Makes the role `fleet`, which services may assume and which may do anything, and gives back its ARN.
pub(crate) async fn make_role(deeds: &Deeds, realm: &RealmRecord) -> String {
    let account = iam::realm(deeds, &realm.account).await.unwrap();
    let role = NewRole {
        name: "fleet".into(),
        path: "/".into(),
        trust: TRUST.into(),
        description: None,
        longest_session_seconds: 3600,
    };
    roles::create_role(deeds, &account, role).await.unwrap();
    identity_policies::put_inline(deeds, &account, Holder::Role("fleet"), "all", ALL)
        .await
        .unwrap();
    format!("arn:aws:iam::{}:role/fleet", realm.account)
}

/// A template of fleet provisioning.
pub(crate) fn new_fleet(name: &str, role_arn: &str) -> NewProvisioningTemplate {
    NewProvisioningTemplate {
        name: name.parse().unwrap(),
        kind: TemplateKind::FleetProvisioning,
        description: None,
        body: TEMPLATE.into(),
        enabled: true,
        role_arn: role_arn.into(),
        hook: None,
        tags: Default::default(),
    }
}

/// Makes the template `fleet` and its role.
pub(crate) async fn make_fleet(deeds: &Deeds, realm: &RealmRecord) {
    let role = make_role(deeds, realm).await;
    provisioning_templates::create_provisioning_template(deeds, realm, new_fleet("fleet", &role))
        .await
        .unwrap();
}

/// Makes an active claim and has it connect. Whoever holds it may ask on every node.
pub(crate) async fn claimant(deeds: &Arc<Deeds>, realm: &Arc<RealmRecord>) -> Claimant {
    let active = CertificateStatus::Active;
    let claim = certificates::create_certificate_from_csr(deeds, realm, &request(), active)
        .await
        .unwrap();
    let shown = Shown {
        certificate: &claim.der,
        issuer: None,
    };
    let admission = admit(deeds, Some(Arc::clone(realm)), shown, FirstConnection::Refused)
        .await
        .unwrap();
    let mut proof = Proof::Certificate(admission);
    let facts = ConnectFacts {
        client_id: "claim".into(),
        ..ConnectFacts::default()
    };
    let principal = Principal::new(Arc::clone(deeds), &mut proof, facts)
        .await
        .unwrap();
    Claimant::new(&principal, ([127, 0, 0, 1], 1).into()).unwrap()
}

/// A CSR for a new key.
pub(crate) fn request() -> String {
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    request.pem().unwrap()
}

/// What asks for a certificate for a new key.
pub(crate) fn csr() -> String {
    json!({ "certificateSigningRequest": request() }).to_string()
}

/// What registers as the device of a serial number.
pub(crate) fn registration(token: &str, serial_number: &str) -> String {
    json!({"certificateOwnershipToken": token, "parameters": {"SerialNumber": serial_number}}).to_string()
}

/// What is answered.
pub(crate) async fn ask(deeds: &Deeds, claimant: &Claimant, topic: &str, payload: &str) -> Value {
    let asked = Asked::on(topic).unwrap();
    let reply = fleet_provisioning::answer(deeds, claimant, &asked, payload.as_bytes()).await;
    serde_json::from_slice(&reply.payload).unwrap()
}

/// The token of a certificate that was just made.
pub(crate) async fn token(deeds: &Deeds, claimant: &Claimant) -> String {
    let answer = ask(deeds, claimant, FROM_CSR, &csr()).await;
    answer["certificateOwnershipToken"].as_str().unwrap().to_owned()
}
