//! Devices on the AWS IoT Device SDK v2 for JavaScript, through `tests/clients/device.js`.

use std::process::Command;

use super::device::Kind;
use super::sdk::{Script, admitted, event, exchanged, whereabouts_on};
use super::{node, on_postgresql, repository};
use crate::server::Home;

fn connects_and_receives(home: &Home, version: &str) {
    let Some(node) = node() else { return };
    let server = home.start();
    let it = admitted(home, &server, Kind::Rsa2048);
    let mut command = Command::new("node");
    command
        .env("NODE_PATH", node.join("node_modules"))
        .arg(repository().join("tests/clients/device.js"))
        .args(["--mqtt", version, "--topic", "pump/inbox"])
        .args(whereabouts_on(
            server.mqtt_port(),
            &server.ca(),
            (&it.certificate, &it.key),
        ));
    let mut script = Script::spawn(command);
    script.expect(&[event("connected")]);
    script.expect(&exchanged("one"));
    script.expect(&[event("disconnected")]);
    script.ends(0);
}

#[test]
fn the_javascript_sdk_connects_subscribes_publishes_and_receives() {
    connects_and_receives(&Home::sqlite(), "3");
}

#[test]
fn the_javascript_sdk_connects_on_postgresql() {
    on_postgresql(|home| connects_and_receives(home, "3"));
}
