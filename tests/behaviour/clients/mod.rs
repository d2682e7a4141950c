//! Programs and SDKs that were not made for us, against the real server: the AWS CLI, boto3, mosquitto, Paho, the AWS IoT
//! Device SDK, curl and openssl. Nothing about them is changed but the address they are given.

mod agent;
mod alone;
pub(crate) mod aws_cli;
mod aws_cli_certs;
mod aws_cli_registry;
mod boto3;
mod bulk;
mod calls;
mod connections;
mod curl;
mod defaults;
pub(crate) mod device;
mod devices;
mod docs;
mod domains;
pub(crate) mod fleet;
mod functions;
mod groups;
mod hooks;
mod iam;
mod javascript;
mod just_in_time;
pub(crate) mod mosquitto;
mod mosquitto_messages;
mod openssl;
mod providers;
mod provisioning;
mod registry;
mod rules;
mod samples;
mod sdk;
mod websocket;

pub(crate) use just_in_time::{registering_role, template};

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::server::{Home, REGION, Server};

/// The Python environment that `cargo xtask setup` makes.
pub(crate) fn venv() -> Option<PathBuf> {
    let venv = std::env::var_os("THINGSMITH_TEST_VENV")
        .map_or_else(|| repository().join(".tests/venv"), PathBuf::from);
    if venv.join("bin/aws").exists() {
        return Some(venv);
    }
    eprintln!(
        "skipped: {} is not there; run through cargo xtask test",
        venv.display()
    );
    None
}

/// The JavaScript clients that `cargo xtask setup` installs.
pub(crate) fn node() -> Option<PathBuf> {
    let node = std::env::var_os("THINGSMITH_TEST_NODE")
        .map_or_else(|| repository().join(".tests/node"), PathBuf::from);
    if node.join("node_modules/aws-iot-device-sdk-v2").exists() {
        return Some(node);
    }
    eprintln!(
        "skipped: {} is not there; run through cargo xtask test",
        node.display()
    );
    None
}

/// A program of the system, where it is installed.
pub(crate) fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    if !found {
        eprintln!("skipped: {program} is not installed; run through cargo xtask test");
    }
    found
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests are a folder of it")
        .to_owned()
}

/// A program that finds the server as AWS's clients do, by the environment, and nothing of this machine's own settings.
pub(crate) fn with_aws_environment(program: &Path, server: &Server<'_>, key: (&str, &str)) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .stdin(Stdio::null());
    command
        .env("HOME", "/nonexistent")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_PAGER", "");
    command
        .env("AWS_ENDPOINT_URL", &server.api)
        .env("AWS_DEFAULT_REGION", REGION);
    command
        .env("AWS_ACCESS_KEY_ID", key.0)
        .env("AWS_SECRET_ACCESS_KEY", key.1);
    command
}

/// Runs a script of `tests/clients` and reads what it prints as JSON.
pub(crate) fn script(venv: &Path, server: &Server<'_>, name: &str, arguments: &[&str]) -> Value {
    let (id, secret) = server.credentials();
    let mut command = with_aws_environment(&venv.join("bin/python"), server, (&id, &secret));
    command
        .arg(repository().join("tests/clients").join(name))
        .args(arguments);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{name}: {}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{name}: {}", text(&output)))
}

/// Everything that a program printed.
pub(crate) fn text(output: &Output) -> String {
    let (printed, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    format!("{}\n{printed}{complained}", output.status)
}

/// The same test on both engines; on PostgreSQL where there is one.
pub(crate) fn on_postgresql(test: impl FnOnce(&Home)) {
    if let Some(home) = Home::postgres() {
        test(&home);
    }
}
