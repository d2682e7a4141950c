//! What both kinds of fleet provisioning share: a template, the policy of its claims, and a device that comes by one.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use thingsmith_agent::{
    AgentError, Backoff, Claim, Creation, Device, Directory, Endpoint, Format, Identity, Kept, Request,
    SystemPace,
};

use super::bench_top::BenchTop;

/// How a device asks.
#[derive(Clone, Copy)]
pub(super) struct How {
    pub(super) creation: Creation,
    pub(super) format: Format,
    pub(super) mqtt5: bool,
}

impl How {
    /// The key stays on the device; JSON over MQTT 3.1.1.
    pub(super) const CSR: Self = Self {
        creation: Creation::FromCsr,
        format: Format::Json,
        mqtt5: false,
    };

    pub(super) fn words(self) -> String {
        let creation = match self.creation {
            Creation::FromCsr => "a CSR",
            Creation::Keys => "a key by the service",
        };
        let version = if self.mqtt5 { "MQTT 5" } else { "MQTT 3.1.1" };
        format!(
            "{creation}, in {} over {version}",
            self.format.name().to_uppercase()
        )
    }
}

/// Makes a role by which a template acts, and gives back its ARN.
pub(super) async fn role(top: &mut BenchTop<'_>, name: &str) -> Result<String> {
    let role = top.role(name, "iot.amazonaws.com").await?;
    let policy = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration";
    top.iam("AttachRolePolicy", &[("RoleName", name), ("PolicyArn", policy)])
        .await?;
    top.step("a role that AWS IoT may take, with AWSIoTThingsRegistration");
    Ok(role)
}

/// A template whose thing is named by the serial number and has an attribute that a hook may give.
pub(super) fn template(policy: &str) -> String {
    json!({
        "Parameters": {
            "SerialNumber": { "Type": "String" },
            "Line": { "Type": "String", "Default": "unknown" },
            "AWS::IoT::Certificate::Id": { "Type": "String" },
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": { "Fn::Join": ["", ["camera-", { "Ref": "SerialNumber" }]] },
                    "AttributePayload": { "line": { "Ref": "Line" } },
                },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {
                    "CertificateId": { "Ref": "AWS::IoT::Certificate::Id" },
                    "Status": "Active",
                },
            },
            "policy": {
                "Type": "AWS::IoT::Policy",
                "Properties": { "PolicyName": policy },
            },
        },
        "DeviceConfiguration": { "Greeting": "hello" },
    })
    .to_string()
}

/// The policy that AWS's guide gives claim certificates.
pub(super) fn claim_policy(top: &BenchTop<'_>, template: &str) -> String {
    let topics = [
        "$aws/certificates/create/*".to_owned(),
        "$aws/certificates/create-from-csr/*".to_owned(),
        format!("$aws/provisioning-templates/{template}/provision/*"),
    ];
    let arns = |kind: &str| -> Vec<String> {
        topics
            .iter()
            .map(|topic| top.arn(&format!("{kind}/{topic}")))
            .collect()
    };
    json!({"Version": "2012-10-17", "Statement": [
        { "Effect": "Allow", "Action": "iot:Connect", "Resource": "*" },
        { "Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": arns("topic") },
        { "Effect": "Allow", "Action": "iot:Subscribe", "Resource": arns("topicfilter") },
    ]})
    .to_string()
}

/// Has a device come by its identity in a directory of its own.
pub(super) async fn provision(
    endpoint: &Endpoint,
    directory: &Path,
    claim: &Identity,
    template: &str,
    serial: &str,
    how: How,
) -> Result<Kept, AgentError> {
    let directory = Directory::at(directory);
    let device = Device {
        directory: &directory,
        pace: &SystemPace,
        backoff: Backoff {
            first: Duration::from_millis(100),
            ..Backoff::default()
        },
        patience: Duration::from_secs(10),
        gives_up_after: Duration::from_secs(20),
        progress: &|_| {},
    };
    let request = Request {
        template: template.to_owned(),
        parameters: [("SerialNumber".to_owned(), serial.to_owned())].into(),
        creation: how.creation,
        format: how.format,
    };
    let client_id = format!("claim-{serial}");
    let claim = Claim {
        identity: claim,
        client_id: &client_id,
    };
    let endpoint = Endpoint {
        mqtt5: how.mqtt5,
        ..endpoint.clone()
    };
    device.provision_by_claim(&endpoint, &claim, &request, None).await
}

/// Checks that a device was rejected with this status.
pub(super) fn rejected<T>(
    top: &mut BenchTop<'_>,
    how: &str,
    outcome: Result<T, AgentError>,
    wanted: u16,
) -> Result<()> {
    match outcome {
        Err(AgentError::Rejected { status, code, .. }) if status == wanted => {
            top.step(format!("{how} is rejected: {status} {code}"));
            Ok(())
        }
        Err(other) => bail!("{how} failed in another way: {other}"),
        Ok(_) => bail!("{how} was provisioned"),
    }
}

/// Checks what a provisioned device was told and what became of it.
pub(super) async fn registered(
    top: &mut BenchTop<'_>,
    kept: &Kept,
    serial: &str,
    line: &str,
    how: How,
) -> Result<()> {
    let name = format!("camera-{serial}");
    let record = &kept.record;
    ensure!(
        record.thing_name.as_deref() == Some(&name),
        "it was told that it is {:?}",
        record.thing_name
    );
    ensure!(
        record
            .device_configuration
            .get("Greeting")
            .and_then(Value::as_str)
            == Some("hello"),
        "its configuration is {:?}",
        record.device_configuration
    );
    let thing = top.call("GET", &format!("/things/{name}"), None).await?;
    ensure!(
        thing.pointer("/attributes/line").and_then(Value::as_str) == Some(line),
        "the thing is {thing}"
    );
    top.step(format!("{name} registers itself with {}", how.words()));
    Ok(())
}
