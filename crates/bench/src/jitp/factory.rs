//! A factory: its authority and devices, and what the server must know of it.

use anyhow::Result;
use serde_json::{Value, json};
use thingsmith_agent::{Authority, DeviceKey};
use thingsmith_core::Deeds;
use thingsmith_core::ca_certificates::{NewCaCertificate, RegistrationConfig, register_ca_certificate};
use thingsmith_core::identity_policies::{self, Holder};
use thingsmith_core::realms::RealmRecord;
use thingsmith_core::roles::{NewRole, create_role};
use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateMode};

use crate::fleet::Device;

const ROLE: &str = "bench-provisioning";

/// Registers a factory's CA certificate with a template that gives each device a thing and the policies `bench-device` and
/// `bench-second`, as many as the registration that it is compared with has.
pub(crate) async fn register(deeds: &Deeds, realm: &RealmRecord, certificate_pem: String) -> Result<()> {
    let role_arn = role(deeds, realm).await?;
    let new = NewCaCertificate {
        certificate: certificate_pem,
        verification: None,
        mode: CertificateMode::SniOnly,
        status: CaCertificateStatus::Active,
        auto_registration: AutoRegistrationStatus::Enable,
        registration_config: RegistrationConfig {
            template_body: Some(template().to_string()),
            role_arn: Some(role_arn),
            template_name: None,
        },
        tags: Default::default(),
    };
    register_ca_certificate(deeds, realm, new).await?;
    Ok(())
}

/// Makes a role by which templates act, and gives back its ARN.
pub(crate) async fn role(deeds: &Deeds, realm: &RealmRecord) -> Result<String> {
    // Users and roles belong to an account as a whole.
    let iam = deeds.realm(&realm.account, &"aws-global".parse()?).await?;
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": {
            "Effect": "Allow",
            "Principal": {"Service": "iot.amazonaws.com"},
            "Action": "sts:AssumeRole",
        },
    });
    let new = NewRole {
        name: ROLE.into(),
        path: "/".into(),
        trust: trust.to_string(),
        description: None,
        longest_session_seconds: 3600,
    };
    let role = create_role(deeds, &iam, new).await?;
    let policy = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration";
    identity_policies::attach(deeds, &iam, Holder::Role(ROLE), policy).await?;
    Ok(role.arn(&realm.account).to_string())
}

fn template() -> Value {
    let policy = |name: &str| json!({"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": name}});
    json!({
        "Parameters": {
            "AWS::IoT::Certificate::CommonName": {"Type": "String"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"},
                    "AttributePayload": {"model": "pump"},
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}},
            },
            "policy": policy("bench-device"),
            "second": policy("bench-second"),
        },
    })
}

/// Devices that the server has never seen.
pub(crate) fn devices(authority: &Authority, prefix: &str, count: usize) -> Result<Vec<Device>> {
    (0..count)
        .map(|number| {
            let thing_name = format!("{prefix}-{number:06}");
            let key = DeviceKey::generate()?;
            Ok(Device {
                certificate_pem: authority.certify(&key, &thing_name)?,
                key_pem: key.to_pem().to_string(),
                thing_name,
            })
        })
        .collect()
}
