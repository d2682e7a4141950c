//! AWS's own samples of just-in-time provisioning and registration and of bulk registration, with nothing changed but where they connect and whom they
//! trust: `docs/samples.md` says what stands in for their containers.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::alone::alone;
use super::{installed, repository, venv};
use crate::server::program;

/// What `cargo xtask setup` fetched.
fn fetched() -> Option<PathBuf> {
    let samples = std::env::var_os("THINGSMITH_TEST_SAMPLES")
        .map_or_else(|| repository().join(".tests/samples"), PathBuf::from);
    let all = [
        "deep-dive",
        "sdk/samples/pubsub.py",
        "devices/bin/python3",
        "layer.zip",
    ];
    if let Some(missing) = all.iter().find(|part| !samples.join(part).exists()) {
        eprintln!(
            "skipped: {} is not there; cargo xtask setup fetches it where the network has it",
            samples.join(missing).display()
        );
        return None;
    }
    Some(samples)
}

/// Follows the README of a sample on a machine of its own and gives back what it saw.
fn followed(sample: &str) -> Option<Value> {
    let (samples, venv) = (fetched()?, venv()?);
    if !installed("openssl") {
        return None;
    }
    let work = tempfile::tempdir().unwrap();
    let paths = json!({
        "work": work.path(),
        "samples": samples.join("deep-dive"),
        "sdk": samples.join("sdk"),
        "devices": samples.join("devices"),
        "layer": samples.join("layer.zip"),
        "tools": venv,
        "thingsmith": program(),
    });
    alone("samples/run.py", &[sample, &paths.to_string()])
}

fn things(provisioning: &str, authority: &str, software: &str) -> Value {
    let thing = json!({
        "named": true,
        "hardware": true,
        "attributes": {"provisioning": provisioning, "CA": authority, "softwareVersion": software},
        "type": "AnyType",
        "billing_group": "AnyCompany",
        "group": true,
        "status": "ACTIVE",
        "policies": ["AnyTypeThing-policy"],
    });
    json!([thing, thing, thing])
}

#[test]
fn the_sample_of_just_in_time_provisioning_runs() {
    let Some(found) = followed("jitp") else { return };
    let expected = things("JITP", "IoT-Device-RootCA", "SW-100");
    assert_eq!(
        found,
        json!({"things": expected, "first_connection_refused": true})
    );
}

#[test]
fn the_sample_of_just_in_time_registration_runs() {
    let Some(found) = followed("jitr") else { return };
    let expected = things("JITR", "IoT-Device-Root-CA", "1.0.0");
    assert_eq!(
        found,
        json!({"things": expected, "first_connection_refused": true})
    );
}

#[test]
fn the_sample_of_bulk_registration_runs() {
    let Some(found) = followed("bulk") else { return };
    let device = json!({
        "thing": true,
        "certificate": true,
        "key": true,
        "serial": true,
        "type": true,
        "group": true,
        "billing_group": "AnyCompany",
        "policies": ["AnyTypeThing-policy"],
    });
    assert_eq!(
        found,
        json!({"status": "Completed", "failed": 0, "devices": [device, device, device]})
    );
}
