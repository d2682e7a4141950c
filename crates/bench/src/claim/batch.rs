//! What the server must know of a batch of devices: a template, and the claim that they share.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thingsmith_agent::{DeviceKey, Identity};
use thingsmith_core::Deeds;
use thingsmith_core::certificates::create_certificate_from_csr;
use thingsmith_core::policies::{attach_policy, create_policy};
use thingsmith_core::provisioning_templates::{
    NewProvisioningTemplate, TemplateKind, create_provisioning_template,
};
use thingsmith_core::realms::RealmRecord;
use thingsmith_model::{CertificateStatus, PolicyName, Resource};

use crate::fleet::device_policy;
use crate::jitp::factory;

/// The template of the devices.
pub(super) const TEMPLATE: &str = "bench";

const FILE: &str = "claim.json";

/// A claim, as the processes of a run share it by a file.
#[derive(Serialize, Deserialize)]
struct Claim {
    certificate_pem: String,
    key_pem: String,
}

/// Makes a template that gives each device a thing and the policies `bench-device` and `bench-second`, as many as the
/// registration that it is compared with has, and a claim.
pub(crate) async fn make(deeds: &Deeds, realm: &RealmRecord, directory: &Path) -> Result<()> {
    create_policy(deeds, realm, "bench-second".parse()?, &device_policy(realm)).await?;
    let new = NewProvisioningTemplate {
        name: TEMPLATE.parse()?,
        kind: TemplateKind::FleetProvisioning,
        description: None,
        body: template().to_string(),
        enabled: true,
        role_arn: factory::role(deeds, realm).await?,
        hook: None,
        tags: Default::default(),
    };
    create_provisioning_template(deeds, realm, new).await?;
    let key = DeviceKey::generate()?;
    let csr = key.signing_request("claim")?;
    let certificate = create_certificate_from_csr(deeds, realm, &csr, CertificateStatus::Active).await?;
    let policy: PolicyName = "bench-claim".parse()?;
    create_policy(deeds, realm, policy.clone(), &claim_policy(realm)).await?;
    let arn = realm.arn(Resource::Certificate(certificate.id)).to_string();
    attach_policy(deeds, realm, &policy, &arn).await?;
    let claim = Claim {
        certificate_pem: certificate.pem(),
        key_pem: key.to_pem().to_string(),
    };
    std::fs::write(directory.join(FILE), serde_json::to_vec(&claim)?).context("the claim cannot be kept")
}

/// Reads the claim that the server's process left.
pub(super) fn read(directory: &Path) -> Result<Identity> {
    let text = std::fs::read(directory.join(FILE)).context("the claim cannot be read")?;
    let claim: Claim = serde_json::from_slice(&text)?;
    Ok(Identity::from_pem(&claim.certificate_pem, &claim.key_pem)?)
}

fn template() -> Value {
    let policy = |name: &str| json!({"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": name}});
    json!({
        "Parameters": {
            "SerialNumber": {"Type": "String"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Ref": "SerialNumber"},
                    "AttributePayload": {"model": "pump"},
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
            },
            "policy": policy("bench-device"),
            "second": policy("bench-second"),
        },
    })
}

/// The policy that AWS's guide gives claims.
fn claim_policy(realm: &RealmRecord) -> String {
    let arns = |kind: &str| {
        let topics = [
            "certificates/create-from-csr/*".to_owned(),
            format!("provisioning-templates/{TEMPLATE}/provision/*"),
        ];
        topics.map(|topic| {
            format!(
                "arn:aws:iot:{}:{}:{kind}/$aws/{topic}",
                realm.region, realm.account
            )
        })
    };
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": arns("topic")},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": arns("topicfilter")},
    ]})
    .to_string()
}
