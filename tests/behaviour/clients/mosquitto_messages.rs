//! What `mosquitto_pub` and `mosquitto_sub` do with retained messages, sessions that are kept, and wills.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use super::device::{Device, Kind};
use super::{installed, on_postgresql, text};
use crate::server::{Home, Server, output_in_time};

fn command(server: &Server<'_>, it: &Device, program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    let port = server.mqtt_port().to_string();
    let files: [(&str, &Path); 3] = [
        ("--cafile", &server.ca()),
        ("--cert", &it.certificate),
        ("--key", &it.key),
    ];
    command.args(["-h", "localhost", "-p", &port]);
    for (name, path) in files {
        command.arg(name).arg(path);
    }
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(server: &Server<'_>, it: &Device, program: &str, arguments: &[&str]) -> Output {
    let child: Child = command(server, it, program, arguments).spawn().unwrap();
    output_in_time(child)
}

fn publish(server: &Server<'_>, it: &Device, arguments: &[&str]) {
    let output = run(server, it, "mosquitto_pub", arguments);
    assert!(output.status.success(), "{arguments:?}: {}", text(&output));
}

/// What a subscriber prints: for each message whether it was retained, its topic and its payload.
fn subscribed(server: &Server<'_>, it: &Device, arguments: &[&str]) -> String {
    let format = ["-F", "%r %t %p", "-W", "10"];
    let output = run(server, it, "mosquitto_sub", &[arguments, &format].concat());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn mosquitto_keeps_messages_and_sessions() {
    kept(&Home::sqlite());
}

#[test]
fn mosquitto_keeps_messages_and_sessions_on_postgresql() {
    on_postgresql(kept);
}

fn kept(home: &Home) {
    if !(installed("mosquitto_pub") && installed("mosquitto_sub") && installed("stdbuf")) {
        return;
    }
    let server = home.start();
    let mut caller = server.administrator();
    let it = Device::from_csr(home.scratch(), "pump", Kind::P256, &mut caller);
    let policy = caller.allow_all();
    caller.attach_policy(policy, &it.arn);

    publish(
        &server,
        &it,
        &["-i", "a", "-t", "kept/a", "-q", "1", "-m", "old", "-r"],
    );
    publish(
        &server,
        &it,
        &["-i", "a", "-t", "kept/a", "-q", "1", "-m", "new", "-r"],
    );
    let sees = |filter: &str| subscribed(&server, &it, &["-i", "b", "-t", filter, "-q", "1", "-C", "1"]);
    assert_eq!(sees("kept/a"), "1 kept/a new\n");
    // mosquitto_sub gives up after ten seconds: nothing comes by a wildcard, as with AWS.
    let by_wildcard = ["-i", "b", "-t", "kept/+", "-q", "1", "-E"];
    assert_eq!(subscribed(&server, &it, &by_wildcard), "");
    publish(&server, &it, &["-i", "a", "-t", "kept/a", "-q", "1", "-n", "-r"]);
    let gone = ["-i", "b", "-t", "kept/a", "-q", "1", "-E"];
    assert_eq!(subscribed(&server, &it, &gone), "");

    for version in [&["-V", "mqttv311"][..], &["-V", "mqttv5", "-x", "600"]] {
        let session = [&["-i", "keeper", "-c", "-t", "waits/#", "-q", "1"][..], version].concat();
        // -E: it subscribes and leaves.
        assert_eq!(subscribed(&server, &it, &[&session[..], &["-E"]].concat()), "");
        for payload in ["1", "2", "3"] {
            publish(
                &server,
                &it,
                &["-i", "a", "-t", "waits/a", "-q", "1", "-m", payload],
            );
        }
        let came = subscribed(&server, &it, &[&session[..], &["-C", "3"]].concat());
        assert_eq!(came, "0 waits/a 1\n0 waits/a 2\n0 waits/a 3\n");
        // A clean one ends it.
        let clean = ["-i", "keeper", "-t", "other", "-q", "1", "-E"];
        assert_eq!(subscribed(&server, &it, &clean), "");
    }

    // A client that is killed says nothing; its will, retained, does.
    let will = [
        "--will-topic",
        "wills/a",
        "--will-payload",
        "gone",
        "--will-qos",
        "1",
        "--will-retain",
    ];
    let arguments = [&["-i", "mortal", "-t", "x", "-d"][..], &will].concat();
    let mut line_by_line = Command::new("stdbuf");
    let mortal = command(&server, &it, "mosquitto_sub", &arguments);
    line_by_line
        .arg("-oL")
        .arg("mosquitto_sub")
        .args(mortal.get_args())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut mortal = line_by_line.spawn().unwrap();
    let output = BufReader::new(mortal.stdout.take().unwrap());
    let subscribed = output
        .lines()
        .map_while(Result::ok)
        .any(|line| line.contains("SUBACK"));
    assert!(subscribed, "it connects");
    let waiting = command(
        &server,
        &it,
        "mosquitto_sub",
        &[
            "-i", "heir", "-t", "wills/a", "-q", "1", "-C", "1", "-W", "20", "-F", "%t %p",
        ],
    )
    .spawn()
    .unwrap();
    mortal.kill().unwrap();
    mortal.wait().unwrap();
    let heard = output_in_time(waiting);
    assert_eq!(
        String::from_utf8_lossy(&heard.stdout),
        "wills/a gone\n",
        "{}",
        text(&heard)
    );
}
