//! The bench on which a use case is shown: the server, a caller, and what every device does once it is provisioned.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use thingsmith_agent::{AgentError, Client, Identity, Options};

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
        let document = self.policy_document();
        self.call(
            "POST",
            &format!("/policies/{policy}"),
            Some(json!({ "policyDocument": document })),
        )
        .await?;
        self.step(format!(
            "CreatePolicy {policy}: a device may act as its own thing only"
        ));
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

    fn policy_document(&self) -> String {
        let arn = |rest: &str| format!("arn:aws:iot:{}:{}:{rest}", self.region, self.account);
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

/// A text of an answer.
pub(super) fn member<'v>(answer: &'v Value, name: &str) -> Result<&'v str> {
    answer
        .get(name)
        .and_then(Value::as_str)
        .with_context(|| format!("{name} is absent"))
}
