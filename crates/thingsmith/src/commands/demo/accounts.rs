//! Use case 4 once more: one certificate in several accounts and regions, among which the server name chooses.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thingsmith_agent::{DeviceKey, Identity};

use super::aws::Aws;
use super::bench_top::{BenchTop, member};

/// A realm in which the certificate is registered: who calls there, and a word for it.
pub(super) struct Place {
    /// Who calls there.
    pub(super) aws: Aws,
    /// What it is called here.
    pub(super) name: &'static str,
}

pub(super) async fn show(top: &mut BenchTop<'_>, places: &[Place]) -> Result<()> {
    let key = DeviceKey::generate()?;
    let certificate = key.self_signed("gateway-4711")?;
    let identity = Identity::from_pem(&certificate, &key.to_pem())?;
    top.step("one device is sold before anybody knows into which account it goes");

    let mut endpoints = Vec::new();
    for Place { aws, name } in places {
        let found = aws
            .call("GET", "/endpoint?endpointType=iot%3AData-ATS", None)
            .await?;
        let endpoint = host(member(&found, "endpointAddress")?).to_owned();
        let outcome = top.connect_by(&endpoint, &identity, "gateway").await;
        top.refused(&format!("to {name} before it is registered there"), outcome)?;
        let body = json!({ "certificatePem": certificate, "status": "ACTIVE" });
        let answer = aws
            .call("POST", "/certificate/register-no-ca", Some(body))
            .await?;
        let arn = member(&answer, "certificateArn")?;
        let document = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Action": "iot:*", "Resource": "*"}})
        .to_string();
        let policy = json!({ "policyDocument": document });
        aws.call("POST", "/policies/gateway", Some(policy)).await?;
        aws.call("PUT", "/target-policies/gateway", Some(json!({ "target": arn })))
            .await?;
        top.step(format!("RegisterCertificateWithoutCA in {name}"));
        endpoints.push(endpoint);
    }

    let mut connected = Vec::new();
    for (endpoint, place) in endpoints.iter().zip(places) {
        let mut client = top
            .connect_by(endpoint, &identity, "gateway")
            .await
            .with_context(|| format!("it cannot connect to {}", place.name))?;
        client.subscribe("news").await?;
        connected.push((client, place.name));
    }
    top.step("it connects to each by its server name, with one client id at the same time");
    for (client, name) in &mut connected {
        client.publish("news", *name).await?;
    }
    for (client, name) in &mut connected {
        let message = client.next_message().await?;
        ensure!(
            message.payload.as_ref() == name.as_bytes(),
            "{name} heard what was said elsewhere"
        );
    }
    top.step("a message that is published in one is heard in that one alone");

    // What is registered in one is not there in the other.
    let (first, second) = (&places[0], &places[1]);
    first
        .aws
        .call("POST", "/things/only-here", Some(json!({})))
        .await?;
    let listed = second.aws.call("GET", "/things", None).await?;
    let things = listed.get("things").and_then(Value::as_array);
    ensure!(things.is_some_and(Vec::is_empty), "{} sees {listed}", second.name);
    top.step(format!(
        "a thing of {} is not seen from {}",
        first.name, second.name
    ));
    Ok(())
}

/// An endpoint's host, without the port that it may name.
fn host(endpoint: &str) -> &str {
    endpoint.split_once(':').map_or(endpoint, |(host, _)| host)
}
