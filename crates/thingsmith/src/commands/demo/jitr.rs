//! Use case 6: a device of the customer's own CA registers itself when it first connects, and the customer's function
//! decides about it.

use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use thingsmith_agent::{Authority, DeviceKey, Identity};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::bench_top::{BenchTop, certificate_id, member};

/// The function, as it would be given to AWS Lambda.
const HANDLER: &str = include_str!("jitr_handler.py");
/// How long the function may take, its first start and the import of boto3 included.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long a device waits before it tries again.
const AGAIN: Duration = Duration::from_millis(100);

pub(super) async fn show(top: &mut BenchTop<'_>) -> Result<()> {
    let authority = Authority::generate("Example Self-Registering CA")?;
    let (listed, foreign) = (device(&authority, "sensor-6")?, device(&authority, "sensor-666")?);
    top.step("the factory makes two devices and puts one of them on its list");

    let role = top.role("demo-decides", "lambda.amazonaws.com").await?;
    let may = json!({"Version": "2012-10-17", "Statement": {
    "Effect": "Allow", "Resource": "*", "Action": [
        "iot:DescribeCertificate", "iot:UpdateCertificate", "iot:CreateThing", "iot:AttachPolicy",
        "iot:AttachThingPrincipal",
    ]}})
    .to_string();
    let policy = [
        ("RoleName", "demo-decides"),
        ("PolicyName", "decides"),
        ("PolicyDocument", may.as_str()),
    ];
    top.iam("PutRolePolicy", &policy).await?;
    top.policy("device-checked").await?;
    let body = json!({
        "FunctionName": "decide",
        "Runtime": "python3.11",
        "Role": role,
        "Handler": "jitr_handler.handler",
        "Timeout": 30,
        "Code": { "ZipFile": STANDARD.encode(code(&listed)?) },
    });
    let function = top.lambda("", body).await?;
    let function = member(&function, "FunctionArn")?.to_owned();
    top.step("CreateFunction: a Python handler with boto3 checks the list, in a role of its own");
    let rule = top.arn("rule/decide");
    let permission = json!({
        "StatementId": "rule", "Action": "lambda:InvokeFunction", "Principal": "iot.amazonaws.com", "SourceArn": rule,
    });
    top.lambda("/decide/policy", permission).await?;
    let payload = json!({
        "sql": "SELECT * FROM '$aws/events/certificates/registered/#'",
        "awsIotSqlVersion": "2016-03-23",
        "actions": [{ "lambda": { "functionArn": function } }],
    });
    top.call("POST", "/rules/decide", Some(payload)).await?;
    top.step("CreateTopicRule: what registers itself is handed to the function");
    top.register_authority(&authority, None).await?;
    top.step("RegisterCACertificate with auto-registration and no template");

    let outcome = top.connect(&listed, "sensor-6").await;
    top.refused("for the first time, which registers the certificate,", outcome)?;
    await_status(top, &listed, "ACTIVE").await?;
    top.step("the function found it on the list: its certificate is ACTIVE");
    let thing = top.call("GET", "/things/sensor-6", None).await?;
    ensure!(
        thing.pointer("/attributes/registered").and_then(Value::as_str) == Some("just-in-time"),
        "the thing is {thing}"
    );
    top.use_device(&listed, "sensor-6").await?;

    let outcome = top.connect(&foreign, "sensor-666").await;
    top.refused("of a device that is not on the list", outcome)?;
    await_status(top, &foreign, "REVOKED").await?;
    top.step("the function did not find it: its certificate is REVOKED");
    let outcome = top.connect(&foreign, "sensor-666").await;
    top.refused("of it once more", outcome)?;

    let impostor = Authority::generate("Example Self-Registering CA")?;
    let forged = device(&impostor, "sensor-6")?;
    let outcome = top.connect(&forged, "sensor-6").await;
    top.refused("with a certificate of another CA of the same name", outcome)?;
    ensure!(
        top.certificate_status(&forged).await?.is_none(),
        "it was registered"
    );
    Ok(())
}

fn device(authority: &Authority, name: &str) -> Result<Identity> {
    let key = DeviceKey::generate()?;
    let certificate = authority.certify(&key, name)?;
    Ok(Identity::from_pem(&certificate, &key.to_pem())?)
}

/// The zip file with the handler and its list.
fn code(listed: &Identity) -> Result<Vec<u8>> {
    let list: Map<String, Value> = [(certificate_id(listed), json!("sensor-6"))]
        .into_iter()
        .collect();
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in [
        ("jitr_handler.py", HANDLER.to_owned()),
        ("allow_list.json", Value::Object(list).to_string()),
    ] {
        zip.start_file(name, SimpleFileOptions::default())
            .context("the zip file cannot be written")?;
        zip.write_all(content.as_bytes())?;
    }
    Ok(zip
        .finish()
        .context("the zip file cannot be written")?
        .into_inner())
}

/// Waits until a certificate has a status, as the function gives it.
async fn await_status(top: &BenchTop<'_>, identity: &Identity, wanted: &str) -> Result<()> {
    let begun = Instant::now();
    loop {
        let status = top.certificate_status(identity).await?;
        if status.as_deref() == Some(wanted) {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            bail!(
                "the function did not make the certificate {wanted}; it is {status:?}. It needs a python3 with awslambdaric \
                 and boto3 (pip install awslambdaric boto3): THINGSMITH_DEMO_PYTHON names another one"
            );
        }
        tokio::time::sleep(AGAIN).await;
    }
}
