//! Where a running server is reached: `endpoints.json` in its data directory.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use thingsmith_model::{Account, Region};

use crate::files;

/// Where a running server is reached, as it stands in `endpoints.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The AWS API's URL.
    pub api: String,
    /// Host and port for devices.
    pub mqtt: String,
    /// Host and port for devices that publish over HTTPS, or that find MQTT by ALPN.
    pub https: String,
    /// The URL of the admin port.
    pub admin: String,
    /// The server's account.
    pub account: Account,
    /// The server's region.
    pub region: Region,
}

impl Endpoints {
    const FILE: &str = "endpoints.json";

    /// Reads where the server of a data directory is reached.
    ///
    /// # Errors
    /// When there is no such file, as no server runs there, or it cannot be read.
    pub fn read(directory: &Path) -> Result<Self> {
        let path = directory.join(Self::FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(cause) if cause.kind() == ErrorKind::NotFound => bail!(
                "no server runs in {} ({} is not there)",
                directory.display(),
                Self::FILE
            ),
            Err(cause) => bail!("{} cannot be read: {cause}", path.display()),
        };
        serde_json::from_str(&text).with_context(|| format!("{} cannot be read", path.display()))
    }

    /// Whether nothing in a data directory says where a server is reached; also where there is no such directory.
    pub(crate) fn are_absent(directory: &Path) -> bool {
        matches!(directory.join(Self::FILE).try_exists(), Ok(false))
    }

    /// Removes what says that a server is reached: it is not any more, or not yet.
    pub(crate) fn remove(directory: &Path) -> Result<()> {
        let path = directory.join(Self::FILE);
        match std::fs::remove_file(&path) {
            Err(cause) if cause.kind() != ErrorKind::NotFound => {
                Err(cause).with_context(|| format!("{} cannot be removed", path.display()))
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<()> {
        let text = serde_json::to_vec(self).context("the endpoints cannot be written as JSON")?;
        files::replace(&directory.join(Self::FILE), &text, 0o644)
    }
}
