//! What a device writes down about its identity, beside its key and its certificate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::provisioning::Parameters;
use crate::{Creation, Format};

/// How a device reaches its server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoint {
    /// The address or name to reach.
    pub host: String,
    /// The port.
    pub port: u16,
    /// The name sent by SNI and checked in the server's certificate.
    pub server_name: String,
    /// The roots that the device trusts, as PEM; in a file of their own.
    #[serde(skip)]
    pub roots_pem: String,
    /// Whether it speaks MQTT 5, else MQTT 3.1.1.
    #[serde(default)]
    pub mqtt5: bool,
}

/// What a device asks RegisterThing for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// The provisioning template.
    pub template: String,
    /// What it says to the template.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: Parameters,
    /// How it asks for its certificate.
    #[serde(default)]
    pub creation: Creation,
    /// In which format it asks.
    #[serde(default)]
    pub format: Format,
}

/// A device's `device.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// The certificate's id, where the service told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_id: Option<String>,
    /// The thing's name, where the service told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing_name: Option<String>,
    /// The client id to connect with.
    pub client_id: String,
    /// What the template tells devices.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub device_configuration: Map<String, Value>,
    /// How the server is reached.
    pub endpoint: Endpoint,
    /// How the identity was asked for, where it was: a rotation asks the same again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
}
