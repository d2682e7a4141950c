//! `[rules]`: where topic rules may send messages to.

use std::path::PathBuf;

use anyhow::{Context, Result};
use serde::Deserialize;

/// Where the HTTP actions of topic rules may lead. Whoever makes rules chooses the URLs, so that without a word of the
/// operator they lead to public addresses and over TLS alone; with `--dev` they lead anywhere.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesSection {
    /// Also to this machine and to private networks.
    pub private_addresses: Option<bool>,
    /// Also without TLS.
    pub plain_http: Option<bool>,
    /// A file with certificates (PEM) that are trusted beside the system's.
    pub roots: Option<PathBuf>,
}

impl RulesSection {
    /// The settings of the client.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn web(&self, dev: bool) -> Result<thingsmith_web::Config> {
        let roots_pem = match &self.roots {
            Some(path) => std::fs::read_to_string(path)
                .with_context(|| format!("[rules] roots: {} cannot be read", path.display()))?,
            None => String::new(),
        };
        Ok(thingsmith_web::Config {
            private_addresses: self.private_addresses.unwrap_or(dev),
            plain_http: self.plain_http.unwrap_or(dev),
            roots_pem,
        })
    }
}
