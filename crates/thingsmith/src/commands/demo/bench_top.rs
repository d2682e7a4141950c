//! The bench on which a use case is shown: the server, a caller, and what every device does once it is provisioned.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_lc_rs::digest;
use serde_json::{Value, json};
use thingsmith_agent::{AgentError, Authority, Client, DeviceKey, Endpoint, Identity, Options};

use super::aws::{Aws, Exception};
use crate::say;
use crate::wiring::Server;

/// How long a device waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) struct BenchTop<'a> {
    aws: &'a Aws,
    roots: String,
    host: String,
    port: u16,
    account: String,
    region: String,
    steps: usize,
    last: Instant,
}

impl<'a> BenchTop<'a> {
    pub(super) fn new(aws: &'a Aws, server: &Server) -> Self {
        let endpoints = server.endpoints();
        let (host, port) = endpoints
            .mqtt
            .rsplit_once(':')
            .unwrap_or((&endpoints.mqtt, "8883"));
        Self {
            aws,
            roots: server.deeds().authorities().endpoint_roots_pem(),
            host: host.to_owned(),
            port: port.parse().unwrap_or(8883),
            account: endpoints.account.to_string(),
            region: endpoints.region.to_string(),
            steps: 0,
            last: Instant::now(),
        }
    }

    pub(super) fn steps(&self) -> usize {
        self.steps
    }

    /// Says what was done since the last step.
    pub(super) fn step(&mut self, what: impl AsRef<str>) {
        self.steps += 1;
        say::line(format!(
            "   {:>6.1} ms  {}",
            self.last.elapsed().as_secs_f64() * 1e3,
            what.as_ref()
        ));
        self.last = Instant::now();
    }

    pub(super) async fn call(&mut self, method: &str, target: &str, body: Option<Value>) -> Result<Value> {
        self.aws.call(method, target, body).await
    }

    /// Calls, and gives back a refusal as well.
    pub(super) async fn try_call(
        &mut self,
        method: &str,
        target: &str,
        body: Option<Value>,
    ) -> Result<std::result::Result<Value, Exception>> {
        self.aws.try_call(method, target, &[], body).await
    }

    /// Makes a thing and a policy that lets a device act only as the thing it is attached to, and ties the certificate
    /// to both.
    pub(super) async fn register(&mut self, thing: &str, policy: &str, certificate_arn: &str) -> Result<()> {
        self.call("POST", &format!("/things/{thing}"), Some(json!({})))
            .await?;
        self.step(format!("CreateThing {thing}"));
        self.policy(policy).await?;
        self.call(
            "PUT",
            &format!("/target-policies/{policy}"),
            Some(json!({ "target": certificate_arn })),
        )
        .await?;
        self.step("AttachPolicy");
        let principal = [("x-amzn-principal", certificate_arn)];
        let attached = self
            .aws
            .try_call("PUT", &format!("/things/{thing}/principals"), &principal, None)
            .await?;
        if let Err(exception) = attached {
            bail!(
                "AttachThingPrincipal: {} {}: {}",
                exception.status,
                exception.name,
                exception.message
            );
        }
        self.step("AttachThingPrincipal");
        Ok(())
    }

    /// Makes a policy that lets a device act only as the thing that it is attached to.
    pub(super) async fn policy(&mut self, name: &str) -> Result<()> {
        let document = self.policy_document();
        self.call(
            "POST",
            &format!("/policies/{name}"),
            Some(json!({ "policyDocument": document })),
        )
        .await?;
        self.step(format!(
            "CreatePolicy {name}: a device may act as its own thing only"
        ));
        Ok(())
    }

    /// Makes a role that a service may take, and gives back its ARN.
    pub(super) async fn role(&self, name: &str, service: &str) -> Result<String> {
        let trust = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": { "Service": service }, "Action": "sts:AssumeRole"}})
        .to_string();
        let parameters = [("RoleName", name), ("AssumeRolePolicyDocument", &trust)];
        self.iam("CreateRole", &parameters).await?;
        Ok(format!("arn:aws:iam::{}:role/{name}", self.account))
    }

    /// Calls `iam`.
    pub(super) async fn iam(&self, action: &str, parameters: &[(&str, &str)]) -> Result<()> {
        self.aws.iam(action, parameters).await
    }

    /// The same API with a new key of a user's.
    pub(super) async fn as_user(&self, name: &str) -> Result<Aws> {
        self.aws.as_user(name).await
    }

    /// Where devices connect, for those that connect by themselves.
    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            server_name: self.host.clone(),
            roots_pem: self.roots.clone(),
            mqtt5: false,
        }
    }

    /// Calls `s3`.
    pub(super) async fn s3(&self, method: &str, target: &str, body: String) -> Result<()> {
        self.aws.s3(method, target, body).await
    }

    /// Follows a link that is signed already.
    pub(super) async fn follow(&self, link: &str) -> Result<String> {
        self.aws.follow(link).await
    }

    /// Calls `lambda`; the target is what follows `/functions`.
    pub(super) async fn lambda(&self, target: &str, body: Value) -> Result<Value> {
        self.aws.lambda(target, body).await
    }

    /// Registers a CA certificate with auto-registration, and gives back its id.
    pub(super) async fn register_authority(
        &mut self,
        authority: &Authority,
        registration_config: Option<Value>,
    ) -> Result<String> {
        let code = self.call("GET", "/registrationcode", None).await?;
        let verification = authority.certify(&DeviceKey::generate()?, member(&code, "registrationCode")?)?;
        let mut body = json!({
            "caCertificate": authority.certificate(), "verificationCertificate": verification,
        });
        if let Some(config) = registration_config {
            body["registrationConfig"] = config;
        }
        let target = "/cacertificate?setAsActive=true&allowAutoRegistration=true";
        let answer = self.call("POST", target, Some(body)).await?;
        Ok(member(&answer, "certificateId")?.to_owned())
    }

    /// The status of a device's certificate; none if it is not registered.
    pub(super) async fn certificate_status(&self, identity: &Identity) -> Result<Option<String>> {
        let target = format!("/certificates/{}", certificate_id(identity));
        match self.aws.try_call("GET", &target, &[], None).await? {
            Ok(found) => {
                let status = found.pointer("/certificateDescription/status");
                Ok(status.and_then(Value::as_str).map(str::to_owned))
            }
            Err(refused) if refused.name == "ResourceNotFoundException" => Ok(None),
            Err(refused) => bail!("{target}: {} {}", refused.name, refused.message),
        }
    }

    /// The ARN of something of the server's own account and region.
    pub(super) fn arn(&self, rest: &str) -> String {
        format!("arn:aws:iot:{}:{}:{rest}", self.region, self.account)
    }

    fn policy_document(&self) -> String {
        let arn = |rest: &str| self.arn(rest);
        let own = "devices/${iot:Connection.Thing.ThingName}/*";
        json!({
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Action": "iot:Connect",
                    "Resource": arn("client/${iot:Connection.Thing.ThingName}"),
                    "Condition": { "Bool": { "iot:Connection.Thing.IsAttached": "true" } }
                },
                { "Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": arn(&format!("topic/{own}")) },
                { "Effect": "Allow", "Action": "iot:Subscribe", "Resource": arn(&format!("topicfilter/{own}")) }
            ]
        })
        .to_string()
    }

    /// Connects as a device.
    pub(super) async fn connect(&self, identity: &Identity, client_id: &str) -> Result<Client, AgentError> {
        self.connect_by(&self.host, identity, client_id).await
    }

    /// Connects as a device that asks for the server by this name, or by an address, which sends no server name.
    pub(super) async fn connect_by(
        &self,
        server_name: &str,
        identity: &Identity,
        client_id: &str,
    ) -> Result<Client, AgentError> {
        Client::connect(&Options {
            host: "127.0.0.1",
            port: self.port,
            server_name,
            roots_pem: &self.roots,
            identity,
            client_id,
            patience: PATIENCE,
        })
        .await
    }

    /// Shows that a provisioned device can do what its policy says and nothing beside it.
    pub(super) async fn use_device(&mut self, identity: &Identity, thing: &str) -> Result<()> {
        let mut device = self
            .connect(identity, thing)
            .await
            .context("the device cannot connect")?;
        self.step(format!("the device connects over mutual TLS as {thing}"));
        device
            .subscribe(&format!("devices/{thing}/inbox"))
            .await
            .context("it cannot subscribe")?;
        device
            .publish(&format!("devices/{thing}/inbox"), "hello")
            .await
            .context("it cannot publish")?;
        let message = device
            .next_message()
            .await
            .context("its message does not come back")?;
        ensure!(message.payload.as_ref() == b"hello", "another message came back");
        self.step("it subscribes, publishes with QoS 1 and receives its own message");
        let refused = device.subscribe("devices/another/inbox").await;
        ensure!(
            matches!(refused, Err(AgentError::SubscriptionRefused(_))),
            "it may subscribe to another device's topic: {refused:?}"
        );
        self.step("its subscription to another device's topic is refused");
        let refused = device.publish("devices/another/inbox", "hello").await;
        ensure!(
            matches!(refused, Err(AgentError::Closed)),
            "it may publish for another device: {refused:?}"
        );
        self.step("its publish for another device closes the connection");
        self.refused("as another thing", self.connect(identity, "another").await)
    }

    /// Checks that a connection was refused.
    pub(super) fn refused(&mut self, how: &str, outcome: Result<Client, AgentError>) -> Result<()> {
        match outcome {
            Err(AgentError::Closed) => {
                self.step(format!("a connection {how} is refused"));
                Ok(())
            }
            Err(other) => bail!("a connection {how} failed in another way: {other}"),
            Ok(_) => bail!("a connection {how} was let in"),
        }
    }
}

/// The id of a device's certificate: the SHA-256 of its DER, hexadecimal.
pub(super) fn certificate_id(identity: &Identity) -> String {
    let digest = digest::digest(&digest::SHA256, identity.certificate());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text of an answer.
pub(super) fn member<'v>(answer: &'v Value, name: &str) -> Result<&'v str> {
    answer
        .get(name)
        .and_then(Value::as_str)
        .with_context(|| format!("{name} is absent"))
}
