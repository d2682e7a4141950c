//! Devices on the AWS IoT Device SDK v2 for JavaScript, through `tests/clients/device.js`.

use std::process::Command;

use super::device::Kind;
use super::sdk::{Script, admitted, event, exchanged, whereabouts_on};
use super::{node, on_postgresql, repository};
use crate::server::{Home, Server};

/// A device that speaks this version of MQTT, to one of the server's ports. The SDK offers `x-amzn-mqtt-ca` by ALPN on
/// each of them.
fn connects_and_receives<'h>(home: &'h Home, version: &str, port: fn(&Server<'h>) -> u16) {
    let Some(node) = node() else { return };
    let server = home.start();
    let it = admitted(home, &server, Kind::Rsa2048);
    let mut command = Command::new("node");
    command
        .env("NODE_PATH", node.join("node_modules"))
        .arg(repository().join("tests/clients/device.js"))
        .args(["--mqtt", version, "--topic", "pump/inbox"])
        .args(whereabouts_on(
            port(&server),
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
    connects_and_receives(&Home::sqlite(), "3", Server::mqtt_port);
}

#[test]
fn the_javascript_sdk_connects_on_postgresql() {
    on_postgresql(|home| connects_and_receives(home, "3", Server::mqtt_port));
}

#[test]
fn the_javascript_sdk_speaks_mqtt_5() {
    connects_and_receives(&Home::sqlite(), "5", Server::mqtt_port);
}

#[test]
fn the_javascript_sdk_connects_by_alpn_to_the_port_of_https() {
    for version in ["3", "5"] {
        connects_and_receives(&Home::sqlite(), version, Server::https_port);
    }
}
