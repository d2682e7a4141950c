//! `thingsmith env`: shell commands that point AWS clients at a running server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

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
    /// How long to wait for a server that is just starting
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = humantime::parse_duration)]
    wait: Duration,
}

/// How often it is looked whether the server has started.
const EVERY: Duration = Duration::from_millis(50);
/// A wait that is longer than this is told to whoever waits.
const UNTOLD: Duration = Duration::from_secs(1);

pub(super) fn run(flags: &Flags) -> Result<ExitCode> {
    let printed = server(flags).and_then(|(directory, endpoints)| print(&directory, &endpoints));
    if printed.is_err() {
        // An `eval` of nothing succeeds, and the commands after it would go to AWS.
        say::line("false");
    }
    printed
}

/// The data directory and the endpoints of the server, as soon as it listens.
fn server(flags: &Flags) -> Result<(PathBuf, Endpoints)> {
    let begun = Instant::now();
    let mut told = false;
    loop {
        if begun.elapsed() >= flags.wait || !Endpoints::are_absent(&flags.data_dir) {
            return find(&flags.data_dir);
        }
        if !told && begun.elapsed() >= UNTOLD {
            told = true;
            let place = flags.data_dir.display();
            say::complain(format!("thingsmith: waiting for a server in {place}"));
        }
        std::thread::sleep(EVERY);
    }
}

fn find(directory: &Path) -> Result<(PathBuf, Endpoints)> {
    let place = directory.display();
    let directory = directory
        .canonicalize()
        .with_context(|| format!("there is no data directory {place}; start a server first"))?;
    let endpoints = Endpoints::read(&directory)?;
    Ok((directory, endpoints))
}

fn print(directory: &Path, endpoints: &Endpoints) -> Result<ExitCode> {
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
