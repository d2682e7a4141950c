//! Devices on the AWS IoT Device SDK v2 for Python and on Paho, through `tests/clients/device.py` and, with MQTT 5,
//! `tests/clients/device_mqtt5.py`.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::device::{Device, Kind, made_elsewhere};
use super::mosquitto::own_topics_only;
use super::{on_postgresql, repository, venv};
use crate::server::{Home, Server};

/// A running script and what it says, line by line.
pub(super) struct Script {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Script {
    pub(super) fn start(venv: &Path, name: &str, arguments: Vec<String>) -> Self {
        let mut command = Command::new(venv.join("bin/python"));
        command
            .arg(repository().join("tests/clients").join(name))
            .args(arguments);
        Self::spawn(command)
    }

    /// Starts a program that says what happens in lines of JSON.
    pub(super) fn spawn(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Self { child, lines }
    }

    pub(super) fn next(&mut self) -> Value {
        let line = self.lines.next().expect("the script goes on").unwrap();
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line}"))
    }

    pub(super) fn expect(&mut self, wanted: &[Value]) {
        for wanted in wanted {
            assert_eq!(&self.next(), wanted);
        }
    }

    pub(super) fn ends(mut self, code: i32) {
        assert_eq!(self.lines.next().transpose().unwrap(), None);
        assert_eq!(self.child.wait().unwrap().code(), Some(code));
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What every device is told: where the server is and who it is itself.
fn whereabouts(server: &Server<'_>, ca: &Path, device: (&Path, &Path)) -> Vec<String> {
    whereabouts_on(server.mqtt_port(), ca, device)
}

/// The same for another of the server's ports.
pub(super) fn whereabouts_on(port: u16, ca: &Path, device: (&Path, &Path)) -> Vec<String> {
    let path = |path: &Path| path.display().to_string();
    let port = port.to_string();
    let words = [
        "--port",
        &port,
        "--ca",
        &path(ca),
        "--cert",
        &path(device.0),
        "--key",
        &path(device.1),
    ];
    words
        .map(str::to_owned)
        .into_iter()
        .chain(["--client-id".into(), "pump".into()])
        .collect()
}

pub(super) fn device(sdk: &str, server: &Server<'_>, device: (&Path, &Path), more: &[&str]) -> Vec<String> {
    let mut words = whereabouts(server, &server.ca(), device);
    words.extend(
        ["--sdk", sdk, "--topic", "pump/inbox"]
            .iter()
            .chain(more)
            .map(|word| (*word).to_owned()),
    );
    words
}

/// A device that may do all.
pub(super) fn admitted(home: &Home, server: &Server<'_>, kind: Kind) -> Device {
    let mut caller = server.administrator();
    let device = Device::from_csr(home.scratch(), "pump", kind, &mut caller);
    let policy = caller.allow_all();
    caller.attach_policy(policy, &device.arn);
    device
}

pub(super) fn exchanged(payload: &str) -> [Value; 2] {
    [
        json!({ "event": "subscribed", "qos": 1 }),
        json!({ "event": "received", "topic": "pump/inbox", "payload": payload }),
    ]
}

pub(super) fn event(name: &str) -> Value {
    json!({ "event": name })
}

#[test]
fn the_aws_device_sdk_connects_subscribes_publishes_and_receives() {
    connects_and_receives(&Home::sqlite(), "aws", &[]);
}

#[test]
fn the_aws_device_sdk_connects_on_postgresql() {
    on_postgresql(|home| connects_and_receives(home, "aws", &[]));
}

#[test]
fn paho_connects_subscribes_publishes_and_receives() {
    connects_and_receives(&Home::sqlite(), "paho", &["--tls", "TLSv1_2"]);
    connects_and_receives(&Home::sqlite(), "paho", &["--tls", "TLSv1_3"]);
}

#[test]
fn paho_connects_on_postgresql() {
    on_postgresql(|home| connects_and_receives(home, "paho", &[]));
}

fn connects_and_receives(home: &Home, sdk: &str, more: &[&str]) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let it = admitted(home, &server, Kind::Rsa2048);
    let arguments = device(sdk, &server, (&it.certificate, &it.key), more);
    let mut script = Script::start(&venv, "device.py", arguments);
    script.expect(&[event("connected")]);
    script.expect(&exchanged("one"));
    script.expect(&[event("disconnected")]);
    script.ends(0);
}

#[test]
fn the_aws_device_sdk_comes_back_after_a_restart() {
    comes_back_after_a_restart("aws");
}

#[test]
fn paho_comes_back_after_a_restart() {
    comes_back_after_a_restart("paho");
}

fn comes_back_after_a_restart(sdk: &str) {
    let Some(venv) = venv() else { return };
    let home = Home::sqlite();
    let server = home.start();
    let it = admitted(&home, &server, Kind::P256);
    let arguments = device(sdk, &server, (&it.certificate, &it.key), &["--wait-for-restart"]);
    let mut script = Script::start(&venv, "device.py", arguments);
    script.expect(&[event("connected")]);
    script.expect(&exchanged("one"));
    script.expect(&[event("waiting")]);
    let port = server.mqtt_port();
    assert_eq!(server.stop().code(), Some(0));
    script.expect(&[event("interrupted")]);
    let _server = home.start_on(port);
    script.expect(&[json!({ "event": "resumed", "code": 0 })]);
    script.expect(&exchanged("two"));
    script.expect(&[event("disconnected")]);
    script.ends(0);
}

#[test]
fn a_certificate_that_nobody_registered_is_refused() {
    let Some(venv) = venv() else { return };
    let home = Home::sqlite();
    let server = home.start();
    let (key, certificate) = made_elsewhere(home.scratch(), "stranger", Kind::P256);
    for sdk in ["aws", "paho"] {
        let mut script = Script::start(
            &venv,
            "device.py",
            device(sdk, &server, (&certificate, &key), &[]),
        );
        let said = loop {
            // Paho tells of a connection that it loses before it is one.
            match script.next() {
                said if said["event"] == "interrupted" => {}
                said => break said,
            }
        };
        assert_eq!(said["event"], "refused", "{sdk}: {said}");
    }
    assert!(
        home.log().contains("connection refused"),
        "the operator reads of it: {}",
        home.log()
    );
}

#[test]
fn the_aws_device_sdk_speaks_mqtt_5() {
    speaks_mqtt_5(&Home::sqlite(), "aws");
}

#[test]
fn paho_speaks_mqtt_5() {
    speaks_mqtt_5(&Home::sqlite(), "paho");
}

#[test]
fn devices_speak_mqtt_5_on_postgresql() {
    on_postgresql(|home| speaks_mqtt_5(home, "aws"));
}

fn speaks_mqtt_5(home: &Home, sdk: &str) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let mut caller = server.administrator();
    let it = Device::from_csr(home.scratch(), "pump", Kind::P256, &mut caller);
    own_topics_only(&mut caller, &[&it]);
    let files = (it.certificate.as_path(), it.key.as_path());
    let arguments = || device(sdk, &server, files, &[]);
    let received = |payload: &str| {
        json!({
            "event": "received",
            "topic": "pump/inbox",
            "payload": payload,
            "content_type": "text/plain",
            "response_topic": "pump/answers",
            "correlation_data": "7",
            "expires": true,
            "user_properties": [["unit", "bar"], ["unit", "psi"]],
        })
    };
    let code = |event: &str, code: u8| json!({ "event": event, "code": code });
    let mut script = Script::start(&venv, "device_mqtt5.py", arguments());
    script.expect(&[
        json!({
            "event": "connected",
            "maximum_qos": 1,
            "receive_maximum": 100,
            "maximum_packet_size": 149_504,
            "topic_alias_maximum": 8,
            "retain_available": true,
            "subscription_identifiers_available": false,
        }),
        code("subscribed", 1),
        code("subscribed", 0x87),
        code("published", 0),
        received("one"),
        code("published", 0x87),
        code("published", 0),
        received("three"),
        event("disconnected"),
    ]);
    script.ends(0);
    // Another client id is not in its policy.
    let mut arguments = arguments();
    for word in &mut arguments {
        if word == "pump" {
            *word = "valve".to_owned();
        }
    }
    let mut script = Script::start(&venv, "device_mqtt5.py", arguments);
    script.expect(&[code("refused", 0x87)]);
    script.ends(1);
}
