//! What holds for a whole service.

use serde::Deserialize;

/// What holds for a whole service: how it is spoken to and how its requests are signed.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    /// The version of the API, a date.
    pub api_version: String,
    /// The service's part of its host names, `data-ats.iot` for instance.
    pub endpoint_prefix: String,
    signing_name: Option<String>,
    /// How requests and replies are written.
    pub protocol: Protocol,
    /// What stands before the operation's name in `X-Amz-Target`, for the JSON protocols.
    pub target_prefix: Option<String>,
    /// `1.0` or `1.1`, for the JSON protocols.
    pub json_version: Option<String>,
    /// The name space of XML replies, for the query protocol.
    pub xml_namespace: Option<String>,
}

/// How a service's requests and replies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Protocol {
    /// Paths and verbs, JSON bodies.
    #[serde(rename = "rest-json")]
    RestJson,
    /// `X-Amz-Target`, JSON bodies.
    #[serde(rename = "json")]
    Json,
    /// Form parameters in, XML out.
    #[serde(rename = "query")]
    Query,
}

impl Metadata {
    /// The service's name in the scope of a signature: `signingName`, or the endpoint's prefix where AWS gives none.
    pub fn signing_name(&self) -> &str {
        self.signing_name.as_deref().unwrap_or(&self.endpoint_prefix)
    }
}
