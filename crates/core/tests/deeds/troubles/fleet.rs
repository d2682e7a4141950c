//! Devices that provision themselves by a claim, with every trouble.

use std::sync::Arc;

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use thingsmith_core::connections::{ConnectFacts, FirstConnection, Principal, Proof, Shown, admit};
use thingsmith_core::fleet_provisioning::{self, Asked, Claimant, rows};
use thingsmith_core::identity_policies::{self, Holder};
use thingsmith_core::provisioning_templates::{self, NewProvisioningTemplate, TemplateKind};
use thingsmith_core::roles::{self, NewRole};
use thingsmith_core::{Code, Deeds, Fault, certificates, iam, things};
use thingsmith_model::{CertificateStatus, Timestamp};

use super::Registry;
use super::scene::{self, Scene};
use crate::objects::thing_name;

/// The deeds that write.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Deed {
    FromCsr,
    WithKeys,
    Register,
}

/// The registry with the template `fleet`, a claim, and a token for the device of `Deed::Register`.
struct Fleet {
    registry: Registry,
    claimant: Claimant,
    token: Option<String>,
}

const TEMPLATE: &str = r#"{"Parameters": {"SerialNumber": {"Type": "String"}}, "Resources": {
    "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "SerialNumber"}}},
    "certificate": {"Type": "AWS::IoT::Certificate",
        "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}}},
    "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "free"}}}}"#;
const TRUST: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"iot.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
const ALL: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:*","Resource":"*"}}"#;

fn csr() -> String {
    let key = KeyPair::generate().unwrap();
    let request = CertificateParams::default().serialize_request(&key).unwrap();
    json!({"certificateSigningRequest": request.pem().unwrap()}).to_string()
}

async fn ask(deeds: &Deeds, claimant: &Claimant, topic: &str, payload: &str) -> Result<Value, Fault> {
    let asked = Asked::on(topic).unwrap();
    let reply = fleet_provisioning::answer(deeds, claimant, &asked, payload.as_bytes()).await;
    let answer: Value = serde_json::from_slice(&reply.payload).unwrap();
    match answer["errorCode"].as_str() {
        None => Ok(answer),
        Some("ServiceUnavailable") => Err(Fault::new(Code::ServiceUnavailable, answer.to_string())),
        Some(_) => Err(Fault::invalid(answer.to_string())),
    }
}

impl Scene for Fleet {
    type Deed = Deed;
    const ALL: &'static [Deed] = &[Deed::FromCsr, Deed::WithKeys, Deed::Register];

    async fn new(deed: Deed) -> Self {
        let registry = Registry::new().await;
        let (node, realm) = (&*registry.other, &*registry.realm);
        let account = iam::realm(&registry.deeds, &realm.account).await.unwrap();
        let role = NewRole {
            name: "fleet".into(),
            path: "/".into(),
            trust: TRUST.into(),
            description: None,
            longest_session_seconds: 3600,
        };
        roles::create_role(node, &account, role).await.unwrap();
        identity_policies::put_inline(node, &account, Holder::Role("fleet"), "all", ALL)
            .await
            .unwrap();
        let new = NewProvisioningTemplate {
            name: "fleet".parse().unwrap(),
            kind: TemplateKind::FleetProvisioning,
            description: None,
            body: TEMPLATE.into(),
            enabled: true,
            role_arn: format!("arn:aws:iam::{}:role/fleet", realm.account),
            hook: None,
            tags: Default::default(),
        };
        provisioning_templates::create_provisioning_template(node, realm, new)
            .await
            .unwrap();
        let request: Value = serde_json::from_str(&csr()).unwrap();
        let request = request["certificateSigningRequest"].as_str().unwrap();
        let active = CertificateStatus::Active;
        let claim = certificates::create_certificate_from_csr(node, realm, request, active)
            .await
            .unwrap();
        let shown = Shown {
            certificate: &claim.der,
            issuer: None,
        };
        let here = Some(Arc::clone(&registry.realm));
        let admission = admit(node, here, shown, FirstConnection::Refused).await.unwrap();
        let mut proof = Proof::Certificate(admission);
        let facts = ConnectFacts {
            client_id: "claim".into(),
            ..ConnectFacts::default()
        };
        let principal = Principal::new(Arc::clone(&registry.other), &mut proof, facts)
            .await
            .unwrap();
        let claimant = Claimant::new(&principal, ([127, 0, 0, 1], 1).into()).unwrap();
        let token = match deed {
            Deed::Register => {
                let topic = "$aws/certificates/create-from-csr/json";
                let answer = ask(node, &claimant, topic, &csr()).await.unwrap();
                Some(answer["certificateOwnershipToken"].as_str().unwrap().to_owned())
            }
            Deed::FromCsr | Deed::WithKeys => None,
        };
        Self {
            registry,
            claimant,
            token,
        }
    }

    fn registry(&self) -> &Registry {
        &self.registry
    }

    async fn carry_out(&self, deed: Deed) -> Result<(), Fault> {
        let (topic, payload) = match deed {
            Deed::FromCsr => ("$aws/certificates/create-from-csr/json", csr()),
            Deed::WithKeys => ("$aws/certificates/create/json", String::new()),
            Deed::Register => {
                let token = self.token.as_ref().unwrap();
                let request =
                    json!({"certificateOwnershipToken": token, "parameters": {"SerialNumber": "new"}});
                (
                    "$aws/provisioning-templates/fleet/provision/json",
                    request.to_string(),
                )
            }
        };
        ask(&self.registry.deeds, &self.claimant, topic, &payload)
            .await
            .map(drop)
    }

    async fn times_done(&self, deed: Deed) -> i64 {
        let (store, realm) = (self.registry.other.store(), self.registry.realm.realm);
        let claims = rows::registrations_by_claim(store, realm, None, 9).await.unwrap();
        let registered: i64 = claims.iter().map(|(_, number)| number).sum();
        let waiting = rows::unclaimed(store, realm, Timestamp::from_millis(0), 9)
            .await
            .unwrap();
        match deed {
            Deed::Register => {
                assert_eq!(waiting, 1 - registered);
                let thing = things::rows::find(store, realm, &thing_name("new"))
                    .await
                    .unwrap();
                assert_eq!(i64::from(thing.is_some()), registered);
                registered
            }
            Deed::FromCsr | Deed::WithKeys => waiting,
        }
    }

    fn announces(deed: Deed) -> bool {
        deed == Deed::Register
    }
}

#[tokio::test(start_paused = true)]
async fn a_device_that_is_provisioned_at_last_is_provisioned_once() {
    scene::is_done_once::<Fleet>().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_that_cannot_be_provisioned_is_told_and_has_nothing() {
    scene::gives_up::<Fleet>().await;
}

#[tokio::test(start_paused = true)]
async fn a_device_whose_every_commit_is_lost_is_told_that_it_is_provisioned() {
    scene::finds_itself::<Fleet>().await;
}
