//! Use case 7: devices that left the factory with one claim certificate for a whole batch.

use std::io::{Cursor, Write as _};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use thingsmith_agent::{AgentError, Creation, DeviceKey, Format, Identity, Provisioning};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::bench_top::{BenchTop, member};
use super::fleet::{self, How, claim_policy, provision, registered, rejected};

/// The hook, as it would be given to AWS Lambda.
const HOOK: &str = include_str!("check_serial.py");
const TEMPLATE: &str = "cameras-by-claim";

pub(super) async fn show(top: &mut BenchTop<'_>, directory: &Path) -> Result<()> {
    let role = fleet::role(top, "demo-by-claim").await?;
    top.policy("device-by-claim").await?;
    let function = hook(top).await?;
    let body = json!({
        "templateName": TEMPLATE,
        "enabled": true,
        "provisioningRoleArn": role,
        "templateBody": fleet::template("device-by-claim"),
        "preProvisioningHook": { "payloadVersion": "2020-04-01", "targetArn": function },
    });
    top.call("POST", "/provisioning-templates", Some(body)).await?;
    top.step(
        "CreateProvisioningTemplate: thing and policy from a serial number, with the function as its hook",
    );
    let (claim, claim_id) = claim(top).await?;

    let endpoint = top.endpoint();
    let home = |serial: &str| directory.join(format!("camera-{serial}"));
    let ways = [
        ("1001", How::CSR),
        (
            "1002",
            How {
                format: Format::Cbor,
                mqtt5: true,
                ..How::CSR
            },
        ),
        (
            "1003",
            How {
                creation: Creation::Keys,
                mqtt5: true,
                ..How::CSR
            },
        ),
        (
            "1004",
            How {
                creation: Creation::Keys,
                format: Format::Cbor,
                ..How::CSR
            },
        ),
    ];
    let mut cameras = Vec::new();
    for (serial, how) in ways {
        let kept = provision(&endpoint, &home(serial), &claim, TEMPLATE, serial, how)
            .await
            .with_context(|| format!("camera-{serial} cannot be provisioned with {}", how.words()))?;
        registered(top, &kept, serial, "line-7", how).await?;
        cameras.push(kept);
    }
    let first = cameras.first().context("there is one")?;
    top.use_device(&first.identity, "camera-1001").await?;

    let outcome = provision(&endpoint, &home("6666"), &claim, TEMPLATE, "6666", How::CSR).await;
    rejected(top, "a serial number that the hook does not know", outcome, 403)?;
    ensure!(
        top.try_call("GET", "/things/camera-6666", None).await?.is_err(),
        "it became a thing"
    );
    used_token(top, &claim).await?;

    let mut client = top.connect(&claim, "claim-curious").await?;
    let refused = client.subscribe("devices/camera-1001/inbox").await;
    ensure!(
        matches!(refused, Err(AgentError::SubscriptionRefused(_))),
        "a claim may listen to devices: {refused:?}"
    );
    top.step("the claim may not listen to a device");

    top.call(
        "PUT",
        &format!("/certificates/{claim_id}?newStatus=INACTIVE"),
        None,
    )
    .await?;
    top.step("UpdateCertificate: the claim is INACTIVE");
    let outcome = top.connect(&claim, "claim-1005").await;
    top.refused("with the deactivated claim", outcome)?;
    let camera = top.connect(&first.identity, "camera-1001").await?;
    camera.disconnect().await?;
    top.step("camera-1001, which came by it, connects as before");
    Ok(())
}

/// A claim certificate with the policy of AWS's guide, and its id.
async fn claim(top: &mut BenchTop<'_>) -> Result<(Identity, String)> {
    let key = DeviceKey::generate()?;
    let body = json!({ "certificateSigningRequest": key.signing_request("batch-7")? });
    let answer = top
        .call("POST", "/certificates?setAsActive=true", Some(body))
        .await?;
    let identity = Identity::from_pem(member(&answer, "certificatePem")?, &key.to_pem())?;
    let policy = json!({ "policyDocument": claim_policy(top, TEMPLATE) });
    top.call("POST", "/policies/claim", Some(policy)).await?;
    let target = json!({ "target": member(&answer, "certificateArn")? });
    top.call("PUT", "/target-policies/claim", Some(target)).await?;
    top.step(
        "one claim certificate for the batch; its policy allows the provisioning topics of the template",
    );
    Ok((identity, member(&answer, "certificateId")?.to_owned()))
}

/// Registers with one token twice.
async fn used_token(top: &mut BenchTop<'_>, claim: &Identity) -> Result<()> {
    let mut client = top.connect(claim, "claim-twice").await?;
    let mut provisioning = Provisioning::open(&mut client, Format::Json, TEMPLATE, Creation::FromCsr).await?;
    let csr = DeviceKey::generate()?.signing_request("camera")?;
    let created = provisioning.create_certificate_from_csr(&csr).await?;
    let token = &created.ownership_token;
    let parameters = |serial: &str| [("SerialNumber".to_owned(), serial.to_owned())].into();
    provisioning.register_thing(token, &parameters("1005")).await?;
    let again = provisioning.register_thing(token, &parameters("1006")).await;
    rejected(
        top,
        "a second registration with the same ownership token",
        again,
        400,
    )?;
    ensure!(
        top.try_call("GET", "/things/camera-1006", None).await?.is_err(),
        "it became a thing"
    );
    Ok(())
}

/// The customer's function that checks serial numbers, which the template may call. Gives back its ARN.
async fn hook(top: &mut BenchTop<'_>) -> Result<String> {
    let role = top.role("demo-checks", "lambda.amazonaws.com").await?;
    let body = json!({
        "FunctionName": "check-serial",
        "Runtime": "python3.11",
        "Role": role,
        "Handler": "check_serial.handler",
        "Timeout": 5,
        "Code": { "ZipFile": STANDARD.encode(code()?) },
    });
    let made = top.lambda("", body).await?;
    let permission = json!({
        "StatementId": "template", "Action": "lambda:InvokeFunction", "Principal": "iot.amazonaws.com",
        "SourceArn": top.arn(&format!("provisioningtemplate/{TEMPLATE}")),
    });
    top.lambda("/check-serial/policy", permission).await?;
    top.step("CreateFunction: a Python handler that knows the factory's serial numbers");
    // The first call also starts the interpreter, and a hook has five seconds in all.
    let tried = top
        .lambda(
            "/check-serial/invocations",
            json!({ "parameters": { "SerialNumber": "1001" } }),
        )
        .await?;
    if tried.get("allowProvisioning") != Some(&Value::Bool(true)) {
        bail!(
            "the function does not work: {tried}. It needs a python3 with awslambdaric (pip install awslambdaric): \
             THINGSMITH_DEMO_PYTHON names another one"
        );
    }
    top.step("Invoke: it works");
    Ok(member(&made, "FunctionArn")?.to_owned())
}

/// The zip file with the handler and its list.
fn code() -> Result<Vec<u8>> {
    let known: serde_json::Map<String, Value> = (1001..1010)
        .map(|serial: u32| (serial.to_string(), json!("line-7")))
        .collect();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("check_serial.py", HOOK.to_owned()),
        ("serials.json", Value::Object(known).to_string()),
    ] {
        zip.start_file(name, SimpleFileOptions::default())
            .context("the zip file cannot be written")?;
        zip.write_all(content.as_bytes())?;
    }
    let written = zip.finish().context("the zip file cannot be written")?;
    Ok(written.into_inner())
}
