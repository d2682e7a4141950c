//! What whoever runs the server sees of it: `thingsmith why`, metrics, the file of decision records.

mod claims;
pub(crate) mod metrics;
mod two_nodes;
pub(crate) mod why;

use std::process::{Command, Output, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_agent::{AgentError, Client, DeviceKey, Identity, Options};

use crate::caller::Caller;
use crate::server::{Server, output_in_time, program};

const PATIENCE: Duration = Duration::from_secs(30);

/// A device with a certificate that the server issued.
struct Device {
    identity: Identity,
    id: String,
    arn: String,
}

impl Device {
    fn new(caller: &mut Caller) -> Self {
        let key = DeviceKey::generate().unwrap();
        let request = json!({"certificateSigningRequest": key.signing_request("pump").unwrap()});
        let answer = caller.must("POST", "/certificates?setAsActive=true", request);
        Self {
            identity: Identity::from_pem(&answer.text("certificatePem"), &key.to_pem()).unwrap(),
            id: answer.text("certificateId"),
            arn: answer.text("certificateArn"),
        }
    }

    /// Makes a policy of this name and attaches it.
    fn allow(&self, caller: &mut Caller, name: &str, actions: &[&str]) {
        let document = json!({
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}],
        });
        let body = json!({"policyDocument": document.to_string()});
        caller.must("POST", &format!("/policies/{name}"), body);
        let target = json!({"target": self.arn});
        caller.must("PUT", &format!("/target-policies/{name}"), target);
    }

    async fn connect(&self, server: &Server<'_>, client_id: &str) -> Result<Client, AgentError> {
        let roots = std::fs::read_to_string(server.ca()).unwrap();
        let options = Options {
            host: "127.0.0.1",
            port: server.mqtt_port(),
            server_name: "localhost",
            roots_pem: &roots,
            identity: &self.identity,
            client_id,
            patience: PATIENCE,
        };
        Client::connect(&options).await
    }
}

/// Runs a command of the program.
fn thingsmith(arguments: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.args(arguments).stdin(Stdio::null());
    let child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    output_in_time(child)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn none() -> Value {
    Value::Null
}
