//! Use case 4: a secure element comes with its key and a certificate whose CA nobody registered.

use anyhow::{Context, Result};
use serde_json::{Value, json};
use thingsmith_agent::{DeviceKey, Identity};

use super::bench_top::BenchTop;

pub(super) async fn show(top: &mut BenchTop<'_>) -> Result<()> {
    let key = DeviceKey::generate()?;
    let certificate = key.self_signed("secure-element-0123")?;
    let identity = Identity::from_pem(&certificate, &key.to_pem())?;
    top.step("a secure element comes with its key and a certificate of its maker");
    let outcome = top.connect(&identity, "meter-1").await;
    top.refused("before the certificate is registered", outcome)?;

    let body = json!({ "certificatePem": certificate, "status": "ACTIVE" });
    let answer = top
        .call("POST", "/certificate/register-no-ca", Some(body))
        .await?;
    let arn = answer
        .get("certificateArn")
        .and_then(Value::as_str)
        .context("certificateArn is absent")?;
    top.step("RegisterCertificateWithoutCA");
    top.register("meter-1", "device-from-secure-element", arn).await?;
    top.use_device(&identity, "meter-1").await?;

    let outcome = top.connect_by("127.0.0.1", &identity, "meter-1").await;
    top.refused("without a server name (SNI), which chooses the account,", outcome)
}
