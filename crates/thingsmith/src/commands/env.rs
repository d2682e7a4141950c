//! `thingsmith env`: shell commands that point AWS clients at a running server.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Args;

use crate::endpoints::Endpoints;
use crate::{files, say};

/// The flags of `env`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    /// The data directory of the server
    #[arg(long, value_name = "DIRECTORY", default_value = "./thingsmith-data")]
    data_dir: PathBuf,
}

pub(super) fn run(flags: &Flags) -> Result<ExitCode> {
    let directory = flags.data_dir.canonicalize().with_context(|| {
        format!(
            "there is no data directory {}; start a server first",
            flags.data_dir.display()
        )
    })?;
    let endpoints = Endpoints::read(&directory)?;
    let (key_id, secret) = match files::read_credentials(&directory.join("credentials"))? {
        Some((key_id, secret)) => (key_id, secret.to_string()),
        // A development server takes any key; twelve digits name the account.
        None => (endpoints.account.to_string(), "development".to_owned()),
    };
    let ca = directory.join("ca.pem");
    for (name, value) in [
        ("AWS_ENDPOINT_URL", endpoints.api.as_str()),
        ("AWS_ACCESS_KEY_ID", &key_id),
        ("AWS_SECRET_ACCESS_KEY", &secret),
        ("AWS_REGION", endpoints.region.as_str()),
        ("AWS_DEFAULT_REGION", endpoints.region.as_str()),
        ("THINGSMITH_MQTT", &endpoints.mqtt),
        ("THINGSMITH_HTTPS", &endpoints.https),
        ("THINGSMITH_CA", &ca.to_string_lossy()),
    ] {
        say::line(format!("export {name}={}", quoted(value)));
    }
    if endpoints.api.starts_with("https://") {
        say::line(format!("export AWS_CA_BUNDLE={}", quoted(&ca.to_string_lossy())));
    }
    say::line("unset AWS_SESSION_TOKEN AWS_PROFILE");
    Ok(ExitCode::SUCCESS)
}

/// A value as one word of a POSIX shell.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}
