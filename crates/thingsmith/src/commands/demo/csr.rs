//! Use case 2: the device makes its key, the service the certificate.

use anyhow::Result;
use serde_json::json;
use thingsmith_agent::{DeviceKey, Identity};

use super::bench_top::{BenchTop, member};

pub(super) async fn show(top: &mut BenchTop<'_>) -> Result<()> {
    let key = DeviceKey::generate()?;
    let request = key.signing_request("pump-1")?;
    top.step("the device makes a P-256 key, which never leaves it, and a CSR");
    let body = json!({ "certificateSigningRequest": request });
    let answer = top
        .call("POST", "/certificates?setAsActive=true", Some(body))
        .await?;
    let (certificate, arn, id) = (
        member(&answer, "certificatePem")?,
        member(&answer, "certificateArn")?,
        member(&answer, "certificateId")?,
    );
    top.step(format!(
        "CreateCertificateFromCsr: certificate {}...",
        id.get(..12).unwrap_or(id)
    ));
    top.register("pump-1", "device-from-csr", arn).await?;
    let identity = Identity::from_pem(certificate, &key.to_pem())?;
    top.use_device(&identity, "pump-1").await?;

    top.call("PUT", &format!("/certificates/{id}?newStatus=INACTIVE"), None)
        .await?;
    top.step("UpdateCertificate: INACTIVE");
    let outcome = top.connect(&identity, "pump-1").await;
    top.refused("with the inactive certificate", outcome)
}
