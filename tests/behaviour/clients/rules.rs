//! Topic rules made with boto3, and what mosquitto's clients see of them.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use super::device::{Device, Kind};
use super::{installed, on_postgresql, script, venv};
use crate::server::{ACCOUNT, Home, REGION, Server};

#[test]
fn boto3_makes_rules_and_mosquitto_sees_them_republish() {
    rules(&Home::sqlite());
}

#[test]
fn boto3_makes_rules_and_mosquitto_sees_them_republish_on_postgresql() {
    on_postgresql(rules);
}

fn rules(home: &Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    // Nobody listens there, and without --dev nothing is sent to this machine anyway.
    let found = script(
        &venv,
        &server,
        "boto3_rules.py",
        &["--url", "https://127.0.0.1:9/"],
    );
    assert_eq!(
        found,
        json!({
            "arn": format!("arn:aws:iot:{REGION}:{ACCOUNT}:rule/chain"),
            "sql": "SELECT temperature AS t FROM 'line/+/data' WHERE temperature > 20",
            "actions": true,
            "disabled": [true, false, true],
            "tags": [{"Key": "line", "Value": "4"}],
            "listed": ["chain"],
            "created_is_a_date": true,
            "replaced": "SELECT * FROM 'a'",
            "made": "IN_PROGRESS",
            "status": "DISABLED",
            "destinations": 1,
            "gone": [401, "UnauthorizedException"],
            "gone_destination": [401, "UnauthorizedException"],
            "taken": [409, "ResourceAlreadyExistsException"],
            "wrong": [400, "SqlParseException"],
            "token": [400, "InvalidRequestException"],
        })
    );
    let mut caller = server.administrator();
    let it = Device::from_csr(home.scratch(), "pump", Kind::P256, &mut caller);
    let policy = caller.allow_all();
    caller.attach_policy(policy, &it.arn);
    republished(&server, &it);
    assert!(server.stop().success());
    // After a restart the rule is there from the first message on.
    republished(&home.start(), &it);
}

fn republished(server: &Server<'_>, it: &Device) {
    if !(installed("mosquitto_pub") && installed("mosquitto_sub") && installed("stdbuf")) {
        return;
    }
    let command = |program: &str, arguments: &[&str]| {
        // Into a pipe they would keep their lines back.
        let mut command = Command::new("stdbuf");
        command
            .args(["-oL", program])
            .args([
                "-h",
                "localhost",
                "-p",
                &server.mqtt_port().to_string(),
                "--cafile",
            ])
            .arg(server.ca())
            .arg("--cert")
            .arg(&it.certificate)
            .arg("--key")
            .arg(&it.key)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    };
    // The debug output says when the subscription holds.
    let watch = [
        "-i", "watcher", "-t", "warm/#", "-q", "1", "-C", "2", "-W", "60", "-d", "-F", "> %t %p",
    ];
    let mut watcher = command("mosquitto_sub", &watch).spawn().unwrap();
    let mut lines = BufReader::new(watcher.stdout.take().unwrap()).lines();
    lines
        .by_ref()
        .find(|line| line.as_ref().unwrap().contains("Subscribed"))
        .expect("it subscribes")
        .unwrap();
    for temperature in ["19", "21", "20", "22.5"] {
        let payload = format!("{{\"temperature\": {temperature}}}");
        let publish = ["-i", "pump", "-t", "line/4/data", "-q", "1", "-m", &payload];
        assert!(command("mosquitto_pub", &publish).status().unwrap().success());
    }
    let seen: Vec<String> = lines
        .map(Result::unwrap)
        .filter_map(|line| line.strip_prefix("> ").map(str::to_owned))
        .collect();
    assert_eq!(seen, ["warm/4 {\"t\":21}", "warm/4 {\"t\":22.5}"]);
    assert!(watcher.wait().unwrap().success());
}
