//! Use case 8: an installer with an IAM permission gives the device a claim that lives for five minutes.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use thingsmith_agent::{AgentError, Creation, Format, Identity, Provisioning};
use thingsmith_ports::Clock as _;

use super::aws::Aws;
use super::bench_top::{BenchTop, member};
use super::fleet::{self, How, provision, registered};
use crate::SystemClock;

const TEMPLATE: &str = "cameras-by-installer";
const OTHER_TEMPLATE: &str = "cameras-of-others";

pub(super) async fn show(top: &mut BenchTop<'_>, directory: &Path) -> Result<()> {
    let role = fleet::role(top, "demo-by-installer").await?;
    top.policy("device-by-installer").await?;
    for name in [TEMPLATE, OTHER_TEMPLATE] {
        let body = json!({
            "templateName": name, "enabled": true, "provisioningRoleArn": role,
            "templateBody": fleet::template("device-by-installer"),
        });
        top.call("POST", "/provisioning-templates", Some(body)).await?;
    }
    top.step("CreateProvisioningTemplate: one for the installer's devices, one for others");
    let installer = installer(top).await?;

    let refused = ask(&installer, OTHER_TEMPLATE).await?;
    match refused {
        Err(name) if name.starts_with("AccessDenied") || name.starts_with("Unauthorized") => {
            top.step(format!(
                "CreateProvisioningClaim for the other template is refused: {name}"
            ));
        }
        Err(name) => bail!("CreateProvisioningClaim was refused with {name}"),
        Ok(_) => bail!("the installer may use the other template"),
    }
    let answer = asked(&installer, TEMPLATE).await?;
    let pair = &answer["keyPair"];
    let claim = Identity::from_pem(member(&answer, "certificatePem")?, member(pair, "PrivateKey")?)?;
    let expires = answer
        .get("expiration")
        .and_then(Value::as_f64)
        .context("expiration is absent")?;
    let left = Duration::try_from_secs_f64(expires - now()).context("it has expired")?;
    ensure!(
        (Duration::from_secs(240)..=Duration::from_secs(301)).contains(&left),
        "the claim lives for {left:?}"
    );
    top.step("CreateProvisioningClaim: a certificate and its key, for five minutes");
    let id = member(&answer, "certificateId")?;
    ensure!(
        top.try_call("GET", &format!("/certificates/{id}"), None)
            .await?
            .is_err(),
        "the claim's certificate is described"
    );
    top.step("it is no certificate of the registry");

    let endpoint = top.endpoint();
    let how = How::CSR;
    let kept = provision(
        &endpoint,
        &directory.join("camera-2001"),
        &claim,
        TEMPLATE,
        "2001",
        how,
    )
    .await
    .context("camera-2001 cannot be provisioned")?;
    registered(top, &kept, "2001", "unknown", how).await?;
    top.use_device(&kept.identity, "camera-2001").await?;

    let mut client = top.connect(&claim, "installer-1").await?;
    let refused = Provisioning::open(&mut client, Format::Json, OTHER_TEMPLATE, Creation::FromCsr).await;
    ensure!(
        matches!(refused, Err(AgentError::SubscriptionRefused(_))),
        "the claim may use another template"
    );
    drop(refused);
    top.step("the claim may not use the other template");
    let refused = client.subscribe("devices/camera-2001/inbox").await;
    ensure!(
        matches!(refused, Err(AgentError::SubscriptionRefused(_))),
        "a claim may listen to devices: {refused:?}"
    );
    top.step("nor listen to a device");
    let refused = client.publish("devices/camera-2001/inbox", "hello").await;
    ensure!(
        matches!(refused, Err(AgentError::Closed)),
        "a claim may speak to devices: {refused:?}"
    );
    top.step("nor speak to one, which closes the connection");

    // A claim ends with its template.
    top.call("DELETE", &format!("/provisioning-templates/{TEMPLATE}"), None)
        .await?;
    let outcome = top.connect(&claim, "installer-1").await;
    top.refused("with the claim of a template that was deleted", outcome)
}

/// A user who may make claims for one template and nothing else.
async fn installer(top: &mut BenchTop<'_>) -> Result<Aws> {
    let may = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "iot:CreateProvisioningClaim",
        "Resource": top.arn(&format!("provisioningtemplate/{TEMPLATE}"))}})
    .to_string();
    let user = ("UserName", "installer");
    top.iam("CreateUser", &[user]).await?;
    let policy = [user, ("PolicyName", "claims"), ("PolicyDocument", may.as_str())];
    top.iam("PutUserPolicy", &policy).await?;
    let installer = top.as_user("installer").await?;
    top.step("CreateUser: an installer who may do nothing but make claims for the first template");
    Ok(installer)
}

/// Asks for a claim: the answer, or the exception's name.
async fn ask(aws: &Aws, template: &str) -> Result<std::result::Result<Value, String>> {
    let target = format!("/provisioning-templates/{template}/provisioning-claim");
    let answer = aws.try_call("POST", &target, &[], Some(json!({}))).await?;
    Ok(answer.map_err(|refused| refused.name))
}

/// Asks until there is a key: the supply may be empty at this moment.
async fn asked(aws: &Aws, template: &str) -> Result<Value> {
    for _ in 0..TRIES {
        match ask(aws, template).await? {
            Ok(answer) => return Ok(answer),
            Err(name) if name == "ThrottlingException" => tokio::time::sleep(AGAIN).await,
            Err(name) => bail!("CreateProvisioningClaim was refused with {name}"),
        }
    }
    bail!("no RSA key was made in time")
}

fn now() -> f64 {
    SystemClock.now().as_seconds_f64()
}

const TRIES: usize = 200;
const AGAIN: Duration = Duration::from_millis(50);
