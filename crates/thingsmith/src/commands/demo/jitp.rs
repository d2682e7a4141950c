//! Use case 5: a device of the customer's own CA is provisioned by a template when it first connects.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use thingsmith_agent::{Authority, DeviceKey, Identity};

use super::bench_top::{BenchTop, certificate_id};

pub(super) async fn show(top: &mut BenchTop<'_>) -> Result<()> {
    let role = top.role("demo-provisioning", "iot.amazonaws.com").await?;
    top.iam(
        "AttachRolePolicy",
        &[
            ("RoleName", "demo-provisioning"),
            (
                "PolicyArn",
                "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration",
            ),
        ],
    )
    .await?;
    top.step("a role that AWS IoT may take, with AWSIoTThingsRegistration");
    top.policy("device-just-in-time").await?;
    top.call("POST", "/thing-groups/line-7", Some(json!({}))).await?;
    top.step("CreateThingGroup line-7");
    let body = json!({
        "templateName": "just-in-time",
        "type": "JITP",
        "enabled": true,
        "provisioningRoleArn": role,
        "templateBody": template(),
    });
    top.call("POST", "/provisioning-templates", Some(body)).await?;
    top.step("CreateProvisioningTemplate: thing, group and policy from the certificate's subject");
    let authority = Authority::generate("Example Just-in-Time CA")?;
    let config = json!({ "templateName": "just-in-time" });
    let authority_id = top.register_authority(&authority, Some(config)).await?;
    top.step("RegisterCACertificate with auto-registration and the template");

    let device = |unit: Option<&str>, name: &str, authority: &Authority| -> Result<Identity> {
        let key = DeviceKey::generate()?;
        let certificate = match unit {
            Some(unit) => authority.certify_in_unit(&key, name, unit)?,
            None => authority.certify(&key, name)?,
        };
        Ok(Identity::from_pem(&certificate, &key.to_pem())?)
    };
    let pump = device(Some("line-7"), "pump-5", &authority)?;
    let outcome = top.connect(&pump, "pump-5").await;
    top.refused("for the first time, which provisions the device,", outcome)?;
    let thing = top.call("GET", "/things/pump-5", None).await?;
    ensure!(
        thing.pointer("/attributes/line").and_then(Value::as_str) == Some("line-7"),
        "the thing is {thing}"
    );
    top.step("DescribeThing: it is there, with its attribute from the subject");
    top.use_device(&pump, "pump-5").await?;

    // What the template needs and the subject lacks.
    let nameless = device(None, "pump-6", &authority)?;
    for how in ["whose subject lacks what the template needs", "again"] {
        let outcome = top.connect(&nameless, "pump-6").await;
        top.refused(how, outcome)?;
    }
    let status = top.certificate_status(&nameless).await?;
    ensure!(
        status.as_deref() == Some("PENDING_ACTIVATION"),
        "its certificate is {status:?}"
    );
    ensure!(
        top.try_call("GET", "/things/pump-6", None).await?.is_err(),
        "it became a thing"
    );
    top.step("its certificate waits as PENDING_ACTIVATION, and there is no thing");

    let impostor = Authority::generate("Example Just-in-Time CA")?;
    let forged = device(Some("line-7"), "pump-7", &impostor)?;
    let outcome = top.connect(&forged, "pump-7").await;
    top.refused("with a certificate of another CA of the same name", outcome)?;
    top.call(
        "PUT",
        &format!("/cacertificate/{authority_id}?newStatus=INACTIVE"),
        None,
    )
    .await?;
    let late = device(Some("line-7"), "pump-8", &authority)?;
    let outcome = top.connect(&late, "pump-8").await;
    top.refused("while the CA certificate is INACTIVE", outcome)?;
    for identity in [&forged, &late] {
        let status = top.certificate_status(identity).await?;
        ensure!(status.is_none(), "{} was registered", certificate_id(identity));
    }
    top.step("and neither left anything in the registry");
    Ok(())
}

/// A thing named by the common name, in the group that the organizational unit names.
fn template() -> String {
    let name = json!({ "Ref": "AWS::IoT::Certificate::CommonName" });
    let unit = json!({ "Ref": "AWS::IoT::Certificate::OrganizationalUnit" });
    json!({
        "Parameters": {
            "AWS::IoT::Certificate::CommonName": { "Type": "String" },
            "AWS::IoT::Certificate::OrganizationalUnit": { "Type": "String" },
            "AWS::IoT::Certificate::Id": { "Type": "String" },
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": name,
                    "AttributePayload": { "line": unit },
                    "ThingGroups": [unit],
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {
                    "CertificateId": { "Ref": "AWS::IoT::Certificate::Id" },
                    "Status": "ACTIVE",
                },
            },
            "policy": {
                "Type": "AWS::IoT::Policy",
                "Properties": { "PolicyName": "device-just-in-time" },
            },
        },
    })
    .to_string()
}
