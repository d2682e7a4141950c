//! boto3, through `tests/clients/boto3_*.py`.

use serde_json::json;

use super::device::{self, Kind};
use super::{on_postgresql, script, venv};
use crate::server::{ACCOUNT, Home, REGION};

#[test]
fn boto3_works_in_the_registry() {
    works_in_the_registry(&Home::sqlite());
}

#[test]
fn boto3_works_in_the_registry_on_postgresql() {
    on_postgresql(works_in_the_registry);
}

#[test]
fn boto3_publishes_and_finds_what_is_retained() {
    publishes(&Home::sqlite());
}

#[test]
fn boto3_publishes_and_finds_what_is_retained_on_postgresql() {
    on_postgresql(publishes);
}

fn publishes(home: &Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let arguments = ["--topic", "plant/1/a b", "--count", "2", "--retained"];
    let mut found = script(&venv, &server, "boto3_messages.py", &arguments);
    let modified = found["modified"].take().as_i64().unwrap();
    assert!(modified > 1_700_000_000_000, "{modified} milliseconds");
    let expected = json!({
        "statuses": [200],
        "payload": [0, 255],
        "qos": 1,
        "modified": null,
        "properties": [{"deviceName": "alpha"}, {"deviceCnt": "45"}],
        "topics": [{"topic": "plant/1/a b", "payloadSize": 2, "qos": 1}],
        "gone": 404,
    });
    assert_eq!(found, expected);
}

fn works_in_the_registry(home: &Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let requests: Vec<String> = (0..5)
        .map(|number| {
            let key = device::key(home.scratch(), &format!("device-{number}"), Kind::P256);
            let path = home.scratch().join(format!("device-{number}.csr"));
            std::fs::write(&path, device::request(&key, &format!("device-{number}"))).unwrap();
            path.display().to_string()
        })
        .collect();
    let mut arguments = vec!["--requests"];
    arguments.extend(requests.iter().map(String::as_str));
    let found = script(&venv, &server, "boto3_registry.py", &arguments);

    assert_eq!(found["identity"], ACCOUNT);
    assert_eq!(
        found["names"]["thing"],
        format!("arn:aws:iot:{REGION}:{ACCOUNT}:thing/site:pump_1")
    );
    assert_eq!(found["names"]["attached"][0]["policyName"], "may@connect");
    assert_eq!(found["names"]["principals"].as_array().unwrap().len(), 1);
    let pages = json!({
        "things": [3, 3],
        "certificates": [3, 2],
        "policies": [3, 3, 1],
        "attached": [3, 3, 1],
        "principals": [3, 1],
    });
    assert_eq!(found["pages"], pages);

    let exceptions = &found["exceptions"];
    for (name, status) in [
        ("ResourceNotFoundException", 404),
        ("ResourceAlreadyExistsException", 409),
        ("VersionConflictException", 409),
        ("CertificateStateException", 406),
        ("DeleteConflictException", 409),
        ("MalformedPolicyException", 400),
        ("InvalidRequestException", 400),
    ] {
        assert_eq!(exceptions[name]["status"], status, "{name}: {exceptions}");
        assert!(
            !exceptions[name]["message"].as_str().unwrap().is_empty(),
            "{name}"
        );
    }
    assert_eq!(
        exceptions["ResourceAlreadyExistsException"]["details"]["resourceId"],
        "pump-0"
    );

    let seconds = |name: &str| {
        found["times"][name]
            .as_f64()
            .unwrap_or_else(|| panic!("{name} is no time: {found}"))
    };
    assert!((-300.0..5.0).contains(&seconds("creationDate")), "{found}");
    assert!((-300.0..5.0).contains(&seconds("lastModifiedDate")), "{found}");
    assert!(seconds("notBefore") <= 0.0, "{found}");
    assert!(seconds("notAfter") > 86_400.0 * 365.0, "{found}");

    let unwritten = &found["unwritten"];
    assert_eq!(
        (&unwritten["status"], &unwritten["code"]),
        (&json!(501), &json!("NotImplementedException")),
        "{unwritten}"
    );
    assert_eq!(
        unwritten["message"],
        "The endpointType iot:Jobs is not implemented."
    );
    assert_eq!(unwritten["retries"], 0);
    assert_eq!(found["threads"], 64);
}

#[test]
fn boto3_brings_devices_in() {
    brings_devices_in(&Home::sqlite());
}

#[test]
fn boto3_brings_devices_in_on_postgresql() {
    on_postgresql(brings_devices_in);
}

/// Certificate providers, claims for trusted users and tasks of bulk registration, each from its making to its end.
fn brings_devices_in(home: &Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let key = device::key(home.scratch(), "device", Kind::P256);
    let path = home.scratch().join("device.csr");
    std::fs::write(&path, device::request(&key, "device")).unwrap();
    let request = path.display().to_string();
    let found = script(&venv, &server, "boto3_provisioning.py", &[&request]);
    let expected = json!({
        "provider": {
            "function": "sign:$LATEST",
            "operations": ["CreateCertificateFromCsr"],
            "changed": true,
            "listed": ["ours"],
            "tags": [{"Key": "line", "Value": "4"}],
            "taken": [409, "ResourceAlreadyExistsException"],
            "second": [410, "LimitExceededException"],
            "gone": [404, "ResourceNotFoundException"],
            "gone_twice": [404, "ResourceNotFoundException"],
            "left": [],
        },
        "claim": {
            "different": true,
            "key": "-----BEGIN RSA PRIVATE KEY-----",
            "five_minutes": true,
            "listed": [],
            "described": [404, "ResourceNotFoundException"],
            "absent": [404, "ResourceNotFoundException"],
            "other_type": [400, "InvalidRequestException"],
            "pages": [["fleet"], ["just-in-time"]],
            "gone": [404, "ResourceNotFoundException"],
        },
        "bulk": {
            "statuses": ["Completed", "Completed", "Completed"],
            "counts": [4, 1, 100],
            "dates": true,
            "pages": [2, 1],
            "newest_first": true,
            "cancelled": [],
            "results": [1, 2, 4, 5],
            "errors": [[3, "InvalidRequestException"]],
            "late": [400, "InvalidRequestException"],
            "absent": [404, "ResourceNotFoundException"],
            "no_file": [400, "InvalidRequestException"],
        },
    });
    assert_eq!(found, expected);
}

#[test]
fn boto3_keeps_files() {
    keeps_files(&Home::sqlite());
}

#[test]
fn boto3_keeps_files_on_postgresql() {
    on_postgresql(keeps_files);
}

fn keeps_files(home: &Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let logs = json!([["logs/0", "logs/1"], ["logs/2", "logs/3"], ["logs/4"]]);
    let expected = json!({
        "buckets": {
            "head": 200,
            "location": null,
            "listed": ["files-of-the-works"],
            "absent": [404, "404"],
            "name": [400, "InvalidBucketName"],
        },
        "objects": {
            "type": "text/plain",
            "metadata": {"line": "4"},
            "length": 11,
            "part": "world",
            "link": "hello world",
            "unchanged": [304, "304"],
            "changed": "changed",
            "stale": [412, "PreconditionFailed"],
            "beyond": [416, "InvalidRange"],
            "full": [409, "BucketNotEmpty"],
            "gone": [404, "NoSuchKey"],
        },
        "pages": {"second": logs, "first": logs, "grouped": [["logs/"], ["other"]]},
        "parts": {"same": true, "etag": "3", "parts": [1], "uploads": ["left"], "aborted": [404, "NoSuchUpload"]},
        "end": {"deleted": 7, "gone": [404, "NoSuchBucket"], "left": []},
    });
    assert_eq!(script(&venv, &server, "boto3_s3.py", &[]), expected);
}
