//! Beside the use cases: one call with a template makes all that a device needs, or nothing.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use thingsmith_agent::{DeviceKey, Identity};

use super::bench_top::{BenchTop, member};

/// A template of a thing with a certificate for its CSR and a policy that is there.
pub(super) fn template(policy: &str) -> String {
    json!({
        "Parameters": { "ThingName": { "Type": "String" }, "CSR": { "Type": "String" } },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": { "ThingName": { "Ref": "ThingName" } },
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": { "CertificateSigningRequest": { "Ref": "CSR" }, "Status": "ACTIVE" },
            },
            "policy": { "Type": "AWS::IoT::Policy", "Properties": { "PolicyName": policy } },
        },
    })
    .to_string()
}

pub(super) async fn show(top: &mut BenchTop<'_>) -> Result<()> {
    top.policy("single").await?;
    let key = DeviceKey::generate()?;
    let csr = key.signing_request("thermostat-1")?;
    top.step("the device makes a P-256 key, which never leaves it, and a CSR");
    let ask = |policy: &str| json!({ "templateBody": template(policy), "parameters": { "ThingName": "thermostat-1", "CSR": csr } });
    let refused = top
        .try_call("POST", "/things", Some(ask("nobody-made-it")))
        .await?;
    ensure!(
        refused.is_err_and(|refused| refused.name == "ResourceRegistrationFailureException"),
        "a template with a policy that is not there registered a device"
    );
    ensure!(
        top.try_call("GET", "/things/thermostat-1", None).await?.is_err(),
        "a registration that was refused left a thing"
    );
    top.step("refused with a policy that is not there: nothing was made");
    let answer = top.call("POST", "/things", Some(ask("single"))).await?;
    let arn = answer.pointer("/resourceArns/thing").and_then(Value::as_str);
    ensure!(
        arn == Some(&top.arn("thing/thermostat-1")),
        "the thing's ARN is {arn:?}"
    );
    top.step("RegisterThing: thing, certificate and policy in one call");
    let identity = Identity::from_pem(member(&answer, "certificatePem")?, &key.to_pem())?;
    top.use_device(&identity, "thermostat-1").await
}
