//! Connections of devices on other people's clients, as operators see and end them: boto3 through
//! `tests/clients/connections.py`, and the AWS CLI beside mosquitto. Their devices share subscriptions.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::json;

use super::aws_cli::Aws;
use super::device::Kind;
use super::sdk::admitted;
use super::{installed, on_postgresql, script, text, venv};
use crate::server::{Home, output_in_time};

#[test]
fn boto3_looks_at_connections_of_devices_and_ends_them() {
    looks_and_ends(&Home::sqlite());
}

#[test]
fn boto3_looks_at_connections_of_devices_on_postgresql() {
    on_postgresql(looks_and_ends);
}

fn looks_and_ends(home: &Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let device = admitted(home, &server, Kind::P256);
    let path = |path: &std::path::Path| path.display().to_string();
    let found = script(
        &venv,
        &server,
        "connections.py",
        &[
            "--port",
            &server.mqtt_port().to_string(),
            "--ca",
            &path(&server.ca()),
            "--cert",
            &path(&device.certificate),
            "--key",
            &path(&device.key),
        ],
    );
    let numbers: Vec<String> = (0..10).map(|number| number.to_string()).collect();
    let known = |keep_alive: u16| {
        json!({
            "connected": true, "clean": true, "keep_alive": keep_alive, "source": "127.0.0.1", "target": true,
            "subscriptions": [{"topicFilter": "$share/line/plant/+", "qos": 1}],
            "direct": {"message": "OK", "received": ["to/you", "hello"]},
        })
    };
    let (mut aws, mut paho) = (known(1_200), known(40));
    aws["ended"] = json!(152);
    aws["back"] = json!(true);
    paho["ended"] = json!(true);
    paho["gone"] = json!([false, "API_INITIATED_DISCONNECT"]);
    let expected = json!({
        "granted": [1, 1],
        "shared": {"all": numbers, "each_got_some": true},
        "aws": aws,
        "paho": paho,
        "last": ["plant/1", "last"],
        "refused": {
            "nobody": ["ResourceNotFoundException", 404],
            "offline": ["ResourceNotFoundException", 404],
            "reserved": ["InvalidRequestException", 400],
        },
    });
    assert_eq!(found, expected);
}

#[test]
fn the_aws_cli_reaches_clients_of_mosquitto_that_share() {
    if !installed("mosquitto_sub") {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let device = admitted(&home, &server, Kind::Rsa2048);
    let port = server.mqtt_port().to_string();
    let mut members = Vec::new();
    for (client_id, version) in [("old", "mqttv311"), ("new", "mqttv5")] {
        let mut command = Command::new("mosquitto_sub");
        command
            .args(["-h", "localhost", "-p", &port, "-i", client_id, "-V", version])
            .args([
                "-t",
                "$share/line/plant/+",
                "-q",
                "1",
                "-C",
                "3",
                "-W",
                "60",
                "-F",
                "%t %p",
            ])
            .arg("--cafile")
            .arg(server.ca())
            .arg("--cert")
            .arg(&device.certificate)
            .arg("--key")
            .arg(&device.key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        members.push(command.spawn().unwrap());
        let listed = || {
            let output = aws.run("iot-data list-subscriptions --client-id", &[client_id]);
            String::from_utf8_lossy(&output.stdout).contains("$share/line/plant/+")
        };
        while !listed() {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
    // A file is the same to both versions of the CLI.
    let payload = |text: &str| {
        let path = home.scratch().join(format!("payload-{text}"));
        std::fs::write(&path, text).unwrap();
        format!("fileb://{}", path.display())
    };
    for text in ["1", "2", "3", "4"] {
        let more = ["--qos", "1", "--payload", &payload(text)];
        aws.call("iot-data publish --topic plant/a", &more);
    }
    for client_id in ["old", "new"] {
        let words = "iot-data send-direct-message --topic to/you --confirmation";
        let more = ["--client-id", client_id, "--payload", &payload("mine")];
        assert_eq!(aws.call(words, &more)["message"], "OK");
    }
    let mut texts = Vec::new();
    for member in members {
        let output = output_in_time(member);
        let said = String::from_utf8(output.stdout.clone()).unwrap();
        let mut lines: Vec<String> = said.lines().map(str::to_owned).collect();
        assert_eq!(lines.len(), 3, "{}", text(&output));
        assert_eq!(lines.pop().as_deref(), Some("to/you mine"));
        texts.append(&mut lines);
    }
    texts.sort_unstable();
    assert_eq!(texts, ["plant/a 1", "plant/a 2", "plant/a 3", "plant/a 4"]);
    let gone = aws.call("iot-data get-connection --client-id", &["old"]);
    assert_eq!(gone["connected"], false);
    assert_eq!(gone["disconnectReason"], "CLIENT_INITIATED_DISCONNECT");
    let refused = aws.refused("iot-data delete-connection --client-id", &["old"]);
    assert!(
        refused.starts_with("(ResourceNotFoundException) when calling the DeleteConnection"),
        "{refused}"
    );
}
