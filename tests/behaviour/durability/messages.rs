//! Messages that were acknowledged to their publishers outlive a killed server: those that wait for a session, and
//! those that are retained. By Paho, boto3 and mosquitto.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clients::device::{Device, Kind};
use crate::clients::mosquitto::{Mosquitto, ready};
use crate::clients::{script, text, venv};
use crate::operating::metrics::{metrics, value};
use crate::server::{Home, Server};

#[test]
fn acknowledged_messages_outlive_a_killed_server() {
    outlive(&Home::sqlite());
}

#[test]
fn acknowledged_messages_outlive_a_killed_server_on_postgresql() {
    if let Some(home) = Home::postgres() {
        outlive(&home);
    }
}

fn outlive(home: &Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let mut caller = server.administrator();
    let device = Device::from_csr(home.scratch(), "pump", Kind::P256, &mut caller);
    let policy = caller.allow_all();
    caller.attach_policy(policy, &device.arn);
    let come = |server: &Server<'_>, expect: usize| come(&venv, server, &device, expect);
    let first = come(&server, 0);
    assert_eq!(
        first,
        json!({"code": 0, "present": false, "granted": 1, "messages": []})
    );

    let publish = |server: &Server<'_>| {
        let arguments = ["--topic", "pump/commands", "--count", "20"];
        let published = script(&venv, server, "boto3_messages.py", &arguments);
        assert_eq!(published["statuses"], json!([200]));
    };
    publish(&server);
    server.kill();
    let server = home.start();
    // The sessions are known again before anybody publishes.
    publish(&server);
    let second = come(&server, 40);
    let expected: Vec<String> = (0..2)
        .flat_map(|_| (0..20).map(|number| number.to_string()))
        .collect();
    assert_eq!(second, json!({"code": 0, "present": true, "messages": expected}));
    // What it acknowledged is deleted by the time that its connection is over; killed before, a server may send it again.
    until_everybody_left(&server);
    server.kill();
    let server = home.start();
    publish(&server);
    assert_eq!(
        come(&server, 20)["messages"],
        json!(expected[..20]),
        "none comes again"
    );
    assert!(server.stop().success());
}

/// The device subscribes for a session that outlives its connection, or comes back for as many messages.
fn come(venv: &Path, server: &Server<'_>, device: &Device, expect: usize) -> Value {
    let file = |path: &Path| path.display().to_string();
    let arguments = [
        ("--host", "localhost".to_owned()),
        ("--port", server.mqtt_port().to_string()),
        ("--ca", file(&server.ca())),
        ("--cert", file(&device.certificate)),
        ("--key", file(&device.key)),
        ("--client-id", "pump".to_owned()),
        ("--topic", "pump/#".to_owned()),
        ("--expect", expect.to_string()),
    ];
    let arguments: Vec<&str> = arguments
        .iter()
        .flat_map(|(name, value)| [*name, value.as_str()])
        .collect();
    script(venv, server, "persistent_session.py", &arguments)
}

#[test]
fn what_a_device_was_told_is_published_outlives_a_killed_server() {
    published_by_a_device(&Home::sqlite());
}

#[test]
fn what_a_device_was_told_is_published_outlives_a_killed_server_on_postgresql() {
    if let Some(home) = Home::postgres() {
        published_by_a_device(&home);
    }
}

/// The server is killed as soon as mosquitto_pub has ended, which it does when it has its last PUBACK.
fn published_by_a_device(home: &Home) {
    let Some(venv) = venv().filter(|_| ready()) else {
        return;
    };
    let mut server = home.start();
    let mut caller = server.administrator();
    let device = Device::from_csr(home.scratch(), "pump", Kind::P256, &mut caller);
    let policy = caller.allow_all();
    caller.attach_policy(policy, &device.arn);
    come(&venv, &server, &device, 0);
    let mut expected = Vec::new();
    for round in 0..3 {
        let lines: Vec<String> = (0..30).map(|number| format!("{round}-{number}")).collect();
        let mosquitto = Mosquitto {
            server: &server,
            version: "tlsv1.3",
        };
        let files = (device.certificate.as_path(), device.key.as_path());
        let mut command = mosquitto.command("mosquitto_pub", files, "sender", "pump/commands");
        command.args(["-q", "1", "-l"]).stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut input = child.stdin.take().expect("it is piped");
        input.write_all((lines.join("\n") + "\n").as_bytes()).unwrap();
        drop(input);
        let output = child.wait_with_output().unwrap();
        server.kill();
        assert!(output.status.success(), "{}", text(&output));
        expected.extend(lines);
        server = home.start();
    }
    let found = come(&venv, &server, &device, expected.len());
    assert_eq!(found, json!({"code": 0, "present": true, "messages": expected}));
}

fn until_everybody_left(server: &Server<'_>) {
    let begun = Instant::now();
    while value(&metrics(server), "thingsmith_connections_open") > 0.0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "a connection is left");
        std::thread::sleep(Duration::from_millis(5));
    }
}
