//! Beside the use cases: a file of devices, a task that registers them, and its reports.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use thingsmith_agent::{DeviceKey, Identity};

use super::bench_top::{BenchTop, member};
use super::single::template;

/// Devices in the file.
const DEVICES: usize = 50;
/// How often the task is looked at, until it has ended.
const LOOKS: usize = 200;

pub(super) async fn show(top: &mut BenchTop<'_>) -> Result<()> {
    top.policy("bulk").await?;
    let role = top.role("bulk", "iot.amazonaws.com").await?;
    let managed = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration";
    top.iam(
        "AttachRolePolicy",
        &[("RoleName", "bulk"), ("PolicyArn", managed)],
    )
    .await?;
    let mut keys = Vec::new();
    let mut file = String::new();
    for number in 1..=DEVICES {
        let (name, key) = (format!("meter-{number}"), DeviceKey::generate()?);
        let line = json!({ "ThingName": name, "CSR": key.signing_request(&name)? });
        file.push_str(&format!("{line}\n"));
        keys.push(key);
    }
    file.push_str("{\"ThingName\": \"meter-without-csr\"}\n");
    top.s3("PUT", "/demo-fleet", String::new()).await?;
    top.s3("PUT", "/demo-fleet/meters.json", file).await?;
    top.step(format!(
        "a bucket, and a file of {DEVICES} devices and a line that lacks its CSR"
    ));

    let task = json!({
        "templateBody": template("bulk"),
        "inputFileBucket": "demo-fleet", "inputFileKey": "meters.json", "roleArn": role,
    });
    let start = "/thing-registration-tasks";
    let refused = top.try_call("POST", start, Some(task.clone())).await?;
    ensure!(
        refused.is_err(),
        "a role that may not read the file started a task"
    );
    top.step("refused: the role may not read the file");
    let read = json!({ "Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::demo-fleet/*" } })
    .to_string();
    let parameters = [
        ("RoleName", "bulk"),
        ("PolicyName", "read"),
        ("PolicyDocument", &read),
    ];
    top.iam("PutRolePolicy", &parameters).await?;
    let answer = top.call("POST", start, Some(task)).await?;
    let id = member(&answer, "taskId")?.to_owned();
    let ended = wait(top, &id).await?;
    let count = |name: &str| ended.get(name).and_then(Value::as_u64);
    ensure!(
        count("successCount") == Some(DEVICES as u64) && count("failureCount") == Some(1),
        "the task ended as {ended}"
    );
    top.step(format!(
        "StartThingRegistrationTask: {DEVICES} devices registered, 1 line refused"
    ));

    let errors = report(top, &id, "ERRORS").await?;
    let [error] = errors.as_slice() else {
        bail!("the report of errors has {} lines", errors.len());
    };
    ensure!(
        error.get("lineNumber").and_then(Value::as_u64) == Some(DEVICES as u64 + 1),
        "the line that lacks its CSR is not the one in the report: {error}"
    );
    let results = report(top, &id, "RESULTS").await?;
    ensure!(
        results.len() == DEVICES,
        "the report has {} results",
        results.len()
    );
    top.step("both reports by their links, a line for each of the file's");
    let last = results.last().context("there is a result")?;
    let pem = last.pointer("/response/CertificatePem").and_then(Value::as_str);
    let key = keys.last().context("there is a key")?;
    let identity = Identity::from_pem(pem.context("the result has no certificate")?, &key.to_pem())?;
    top.use_device(&identity, &format!("meter-{DEVICES}")).await
}

/// Waits until a task has ended, and gives back what is told of it.
async fn wait(top: &mut BenchTop<'_>, id: &str) -> Result<Value> {
    for _ in 0..LOOKS {
        let told = top
            .call("GET", &format!("/thing-registration-tasks/{id}"), None)
            .await?;
        match member(&told, "status")? {
            "Completed" => return Ok(told),
            "InProgress" => tokio::time::sleep(Duration::from_millis(50)).await,
            other => bail!("the task is {other}: {told}"),
        }
    }
    bail!("the task does not end")
}

/// The lines of a report.
async fn report(top: &mut BenchTop<'_>, id: &str, kind: &str) -> Result<Vec<Value>> {
    let target = format!("/thing-registration-tasks/{id}/reports?reportType={kind}");
    let answer = top.call("GET", &target, None).await?;
    let links = answer.get("resourceLinks").and_then(Value::as_array);
    let mut lines = Vec::new();
    for link in links.context("the answer has no links")? {
        let text = top.follow(link.as_str().context("a link is no text")?).await?;
        for line in text.lines() {
            lines.push(serde_json::from_str(line).context("a line of the report is no JSON")?);
        }
    }
    Ok(lines)
}
