//! How the device reaches its server, from flags or from what `thingsmith env` exports.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use thingsmith_agent::Endpoint;

/// The port of MQTT with TLS.
const MQTT: u16 = 8883;

/// Where the server is.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The server's MQTT address; port 8883 if it names none
    #[arg(long, value_name = "HOST[:PORT]", env = "THINGSMITH_MQTT")]
    endpoint: String,
    /// A file with the roots that the device trusts, PEM
    #[arg(long, value_name = "FILE", env = "THINGSMITH_CA")]
    ca: Option<PathBuf>,
    /// The name asked for by SNI and checked in the server's certificate, where it is not the endpoint's
    #[arg(long, value_name = "NAME")]
    server_name: Option<String>,
    /// Speak MQTT 5 instead of MQTT 3.1.1
    #[arg(long)]
    mqtt5: bool,
}

impl Flags {
    pub(super) fn endpoint(&self) -> Result<Endpoint> {
        let (host, port) = match self.endpoint.rsplit_once(':') {
            Some((host, port)) => {
                let port = port
                    .parse()
                    .with_context(|| format!("--endpoint: {port:?} is no port"))?;
                (host, port)
            }
            None => (self.endpoint.as_str(), MQTT),
        };
        let Some(ca) = &self.ca else {
            bail!(
                "--ca FILE is needed: the roots that the device trusts (DATA_DIR/ca.pem of a Thingsmith server)"
            );
        };
        let roots_pem =
            std::fs::read_to_string(ca).with_context(|| format!("--ca: {} cannot be read", ca.display()))?;
        Ok(Endpoint {
            host: host.to_owned(),
            port,
            server_name: self.server_name.clone().unwrap_or_else(|| host.to_owned()),
            roots_pem,
            mqtt5: self.mqtt5,
        })
    }
}
