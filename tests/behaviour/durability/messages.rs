//! Messages that were acknowledged to their publishers outlive a killed server: those that wait for a session, and
//! those that are retained. By Paho and boto3.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clients::device::{Device, Kind};
use crate::clients::{script, venv};
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
    let come = |server: &Server<'_>, expect: usize| -> Value {
        let file = |path: &std::path::Path| path.display().to_string();
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
        script(&venv, server, "persistent_session.py", &arguments)
    };
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

fn until_everybody_left(server: &Server<'_>) {
    let begun = Instant::now();
    while value(&metrics(server), "thingsmith_connections_open") > 0.0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "a connection is left");
        std::thread::sleep(Duration::from_millis(5));
    }
}
