//! The AWS IoT Device SDK for Python with its own defaults, through `tests/clients/defaults.py`: port 443 by ALPN.

use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::{repository, venv};
use crate::server::{output_in_time, program};

/// The words that run a program in a network of its own, where that is allowed.
fn own_network() -> Option<Vec<&'static str>> {
    for words in [
        vec!["unshare", "--net"],
        vec!["unshare", "--user", "--map-root-user", "--net"],
    ] {
        let tried = Command::new(words[0]).args(&words[1..]).arg("true").output();
        if tried.is_ok_and(|output| output.status.success()) {
            return Some(words);
        }
    }
    eprintln!("skipped: unshare(1) can make no network here, neither as root nor in a user namespace");
    None
}

#[test]
fn the_aws_device_sdk_connects_with_the_port_that_it_takes_by_default() {
    let (Some(venv), Some(network)) = (venv(), own_network()) else {
        return;
    };
    let scratch = tempfile::tempdir().unwrap();
    let child = Command::new(network[0])
        .args(&network[1..])
        .arg(venv.join("bin/python"))
        .arg(repository().join("tests/clients/defaults.py"))
        .arg("--binary")
        .arg(program())
        .arg("--directory")
        .arg(scratch.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let output = output_in_time(child);
    let said = String::from_utf8_lossy(&output.stdout);
    let events: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        events,
        [
            json!({ "event": "connected", "version": 3, "port": 443 }),
            json!({ "event": "received", "payload": "three" }),
            json!({ "event": "connected", "version": 5 }),
            json!({ "event": "received", "payload": "five" }),
            json!({ "event": "stopped", "code": 0 }),
        ],
        "{}\n{}",
        String::from_utf8_lossy(&output.stderr),
        std::fs::read_to_string(scratch.path().join("log")).unwrap_or_default()
    );
}
