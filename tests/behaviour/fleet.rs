//! A fleet that its owner makes with boto3 (`tests/clients/boto3_fleet.py`), and devices that ask with its claim, as the
//! device agent does.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_agent::{
    AgentError, Client, Created, Creation, DeviceKey, Format, Identity, Options, Provisioning,
};

use crate::clients::script;
use crate::server::Server;

/// How long a device waits; on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// A fleet: the claim that its devices share.
pub(crate) struct Fleet<'s> {
    server: &'s Server<'s>,
    claim: Identity,
    /// The id of the claim's certificate.
    pub(crate) id: String,
}

/// A device's key and the certificate that it was given, which is not registered yet.
pub(crate) struct Given {
    pub(crate) key: DeviceKey,
    pub(crate) created: Created,
}

impl<'s> Fleet<'s> {
    /// Makes templates, each with the ARN of its hook or without one, and what they need. Functions come first.
    pub(crate) fn make(venv: &Path, server: &'s Server<'s>, templates: &Value, functions: &Value) -> Self {
        let key = DeviceKey::generate().unwrap();
        let request = key.signing_request("claim").unwrap();
        let wanted = json!({"templates": templates, "functions": functions, "claim": request});
        let made = script(venv, server, "boto3_fleet.py", &[&wanted.to_string()]);
        let text = |member: &str| made[member].as_str().unwrap();
        Self {
            server,
            claim: Identity::from_pem(text("pem"), &key.to_pem()).unwrap(),
            id: text("id").to_owned(),
        }
    }

    /// Makes functions alone.
    pub(crate) fn make_functions(venv: &Path, server: &Server<'_>, functions: &Value) {
        let wanted = json!({ "functions": functions }).to_string();
        script(venv, server, "boto3_fleet.py", &[&wanted]);
    }

    /// Connects with the claim.
    pub(crate) async fn connect(&self, client_id: &str) -> Client {
        connect(self.server, &self.claim, client_id).await.unwrap()
    }
}

/// Connects with a certificate.
pub(crate) async fn connect(
    server: &Server<'_>,
    identity: &Identity,
    client_id: &str,
) -> Result<Client, AgentError> {
    let roots = std::fs::read_to_string(server.ca()).unwrap();
    let options = Options {
        host: "127.0.0.1",
        port: server.mqtt_port(),
        server_name: "localhost",
        roots_pem: &roots,
        identity,
        client_id,
        patience: PATIENCE,
    };
    Client::connect(&options).await
}

/// Asks for a certificate.
pub(crate) async fn give(client: &mut Client) -> Result<Given, AgentError> {
    let key = DeviceKey::generate().unwrap();
    let request = key.signing_request("pump").unwrap();
    // Which template does not matter yet.
    let mut asking = Provisioning::open(client, Format::Json, "any", Creation::FromCsr).await?;
    let created = asking.create_certificate_from_csr(&request).await?;
    Ok(Given { key, created })
}

impl Given {
    /// Registers as the device of a serial number, and gives back the thing's name, or status and code of the rejection.
    pub(crate) async fn register(
        &self,
        client: &mut Client,
        template: &str,
        serial_number: &str,
    ) -> Result<String, (u16, String)> {
        let opened = Provisioning::open(client, Format::Cbor, template, Creation::FromCsr).await;
        let parameters = [("SerialNumber".to_owned(), serial_number.to_owned())].into();
        let registered = opened
            .unwrap()
            .register_thing(&self.created.ownership_token, &parameters)
            .await;
        match registered {
            Ok(registered) => Ok(registered.thing_name.unwrap()),
            Err(AgentError::Rejected { status, code, .. }) => Err((status, code)),
            Err(other) => panic!("{serial_number}: {other}"),
        }
    }

    /// The device with its own certificate.
    pub(crate) fn identity(&self) -> Identity {
        Identity::from_pem(&self.created.certificate_pem, &self.key.to_pem()).unwrap()
    }
}
