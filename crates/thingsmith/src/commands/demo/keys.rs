//! Use case 1: the service makes the key and the certificate.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use thingsmith_agent::Identity;

use super::bench_top::{BenchTop, member};

pub(super) async fn show(top: &mut BenchTop<'_>) -> Result<()> {
    let answer = made(top).await?;
    let pair = &answer["keyPair"];
    let private_key = member(pair, "PrivateKey")?;
    ensure!(
        private_key.starts_with("-----BEGIN RSA PRIVATE KEY-----"),
        "the private key has another form"
    );
    let (certificate, arn, id) = (
        member(&answer, "certificatePem")?,
        member(&answer, "certificateArn")?,
        member(&answer, "certificateId")?,
    );
    top.step(format!(
        "CreateKeysAndCertificate: certificate {}... and its RSA-2048 key, which only this answer holds",
        id.get(..12).unwrap_or(id)
    ));
    let identity = Identity::from_pem(certificate, private_key)?;
    let outcome = top.connect(&identity, "lamp-1").await;
    top.refused("before a policy is attached", outcome)?;
    top.register("lamp-1", "device-from-keys", arn).await?;
    top.use_device(&identity, "lamp-1").await?;

    top.call("PUT", &format!("/certificates/{id}?newStatus=REVOKED"), None)
        .await?;
    top.step("UpdateCertificate: REVOKED");
    let outcome = top.connect(&identity, "lamp-1").await;
    top.refused("with the revoked certificate", outcome)
}

/// The supply of keys has just begun to fill: whoever comes too early is told to come back.
async fn made(top: &mut BenchTop<'_>) -> Result<Value> {
    for _ in 0..PATIENCE {
        match top
            .try_call("POST", "/keys-and-certificate?setAsActive=true", Some(json!({})))
            .await?
        {
            Ok(answer) => return Ok(answer),
            Err(exception) if exception.name == "ThrottlingException" => {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
            Err(exception) => anyhow::bail!("{} {}: {}", exception.status, exception.name, exception.message),
        }
    }
    None.context("no RSA key was made in time")
}

/// Tries, 50 ms apart.
const PATIENCE: usize = 200;
