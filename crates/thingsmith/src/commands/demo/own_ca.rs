//! Use case 3: the customer has a certificate authority and registers it, and then each device's certificate.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use thingsmith_agent::{Authority, DeviceKey, Identity};

use super::bench_top::{BenchTop, member};

pub(super) async fn show(top: &mut BenchTop<'_>) -> Result<()> {
    let authority = Authority::generate("Example Factory CA")?;
    top.step("the customer's factory has a certificate authority of its own");
    let code = top.call("GET", "/registrationcode", None).await?;
    let code = member(&code, "registrationCode")?;
    top.step("GetRegistrationCode");

    // What anybody could make who knows the code and not the key.
    let impostor = Authority::generate("Example Factory CA")?;
    let register = |verification: String| json!({ "caCertificate": authority.certificate(), "verificationCertificate": verification });
    let target = "/cacertificate?setAsActive=true";
    let body = register(impostor.certify(&DeviceKey::generate()?, code)?);
    expect(top, target, body, "CertificateValidationException").await?;
    top.step("RegisterCACertificate is refused when another key signed the verification certificate");
    let body = register(authority.certify(&DeviceKey::generate()?, "another code")?);
    expect(top, target, body, "RegistrationCodeValidationException").await?;
    top.step("and when it has another code");
    let body = register(authority.certify(&DeviceKey::generate()?, code)?);
    top.call("POST", target, Some(body)).await?;
    top.step("RegisterCACertificate: the verification certificate proves that the CA's key is at hand");

    let key = DeviceKey::generate()?;
    let certificate = authority.certify(&key, "valve-1")?;
    let identity = Identity::from_pem(&certificate, &key.to_pem())?;
    top.step("the factory makes a device with a key and a certificate");
    let outcome = top.connect(&identity, "valve-1").await;
    top.refused("before the certificate is registered", outcome)?;
    let foreign = impostor.certify(&DeviceKey::generate()?, "valve-1")?;
    let body = json!({ "certificatePem": foreign, "status": "ACTIVE" });
    expect(
        top,
        "/certificate/register",
        body,
        "CertificateValidationException",
    )
    .await?;
    top.step("RegisterCertificate is refused for a certificate that another CA of the same name signed");
    let body = json!({ "certificatePem": certificate, "status": "ACTIVE" });
    let answer = top.call("POST", "/certificate/register", Some(body)).await?;
    top.step("RegisterCertificate");
    top.register(
        "valve-1",
        "device-from-own-ca",
        member(&answer, "certificateArn")?,
    )
    .await?;
    top.use_device(&identity, "valve-1").await
}

/// Expects a refusal by this exception.
async fn expect(top: &mut BenchTop<'_>, target: &str, body: Value, exception: &str) -> Result<()> {
    let refused = top.try_call("POST", target, Some(body)).await?;
    let refused = refused
        .err()
        .with_context(|| format!("{target} was not refused"))?;
    if refused.name != exception {
        bail!("{target} was refused with {}: {}", refused.name, refused.message);
    }
    Ok(())
}
