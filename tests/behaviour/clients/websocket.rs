//! MQTT in WebSockets that are signed with an access key: the AWS IoT Device SDKs v2 for Python and JavaScript and Paho,
//! through `tests/clients/device_websocket.py` and `.js`, with MQTT 3.1.1 and 5.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::iam::aws;
use super::sdk::{Script, event};
use super::{node, repository, venv, with_aws_environment};
use crate::server::{ACCOUNT, Home, Server};

const KEY: (&str, &str) = ("AKIAWEBCLIENT0000001", "a secret that only this test knows");

/// What a web client may do: be `web-...` and use the topic `plant/1`.
fn policy() -> String {
    let arn = |rest: &str| format!("arn:aws:iot:us-east-1:{ACCOUNT}:{rest}");
    let statement = json!([
        { "Effect": "Allow", "Action": "iot:Connect", "Resource": arn("client/web-*") },
        { "Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": arn("topic/plant/1") },
        { "Effect": "Allow", "Action": "iot:Subscribe", "Resource": arn("topicfilter/plant/1") },
    ]);
    json!({ "Version": "2012-10-17", "Statement": statement }).to_string()
}

/// A home with a key that may do so.
fn with_key(home: Home) -> Home {
    home.config(&format!(
        "[[access_keys]]\naccess_key_id = \"{}\"\nsecret_access_key = \"{}\"\nname = \"web\"\npolicy = '''{}'''\n",
        KEY.0,
        KEY.1,
        policy()
    ))
}

/// A client that is there.
struct Client {
    program: PathBuf,
    /// Its script, and which of the clients that are in it.
    words: [&'static str; 3],
    modules: Option<PathBuf>,
}

fn python(which: &'static str) -> Option<Client> {
    Some(Client {
        program: venv()?.join("bin/python"),
        words: ["device_websocket.py", "--client", which],
        modules: None,
    })
}

fn javascript(version: &'static str) -> Option<Client> {
    Some(Client {
        program: "node".into(),
        words: ["device_websocket.js", "--mqtt", version],
        modules: Some(node()?.join("node_modules")),
    })
}

impl Client {
    fn start(&self, server: &Server<'_>, key: (&str, &str), token: Option<&str>, client_id: &str) -> Script {
        let mut command: Command = with_aws_environment(&self.program, server, key);
        if let Some(modules) = &self.modules {
            command.env("NODE_PATH", modules);
        }
        if let Some(token) = token {
            command.env("AWS_SESSION_TOKEN", token);
        }
        let [script, option, which] = self.words;
        command
            .arg(Path::new(&repository()).join("tests/clients").join(script))
            .args([option, which, "--client-id", client_id]);
        command
            .args(["--port", &server.https_port().to_string(), "--ca"])
            .arg(server.ca());
        Script::spawn(command)
    }

    fn comes_in(&self, server: &Server<'_>, key: (&str, &str), token: Option<&str>) {
        let mut script = self.start(server, key, token, "web-1");
        script.expect(&[
            event("connected"),
            json!({ "event": "received", "payload": "hello" }),
            event("done"),
        ]);
        script.ends(0);
    }

    fn stays_out(&self, server: &Server<'_>, key: (&str, &str), client_id: &str) {
        let mut script = self.start(server, key, None, client_id);
        let said: Value = script.next();
        assert_eq!(said["event"], "refused", "{:?}: {said}", self.words);
        script.ends(1);
    }
}

fn speak_as_iam_allows(home: &Home, clients: impl IntoIterator<Item = Option<Client>>) {
    let server = home.start();
    for client in clients {
        let Some(client) = client else { return };
        client.comes_in(&server, KEY, None);
        // The nearest that is not allowed: another client id, and another secret.
        client.stays_out(&server, KEY, "app-1");
        client.stays_out(&server, (KEY.0, "another secret"), "web-1");
    }
    let log = home.log();
    assert!(
        log.contains("not authorized") && log.contains("iot:Connect"),
        "{log}"
    );
    assert!(log.contains("signature refused"), "{log}");
}

#[test]
fn the_python_sdk_signs_and_speaks_both_versions() {
    speak_as_iam_allows(&with_key(Home::sqlite()), ["sdk", "sdk5"].map(python));
}

#[test]
fn paho_comes_by_a_presigned_url_and_speaks_both_versions() {
    speak_as_iam_allows(&with_key(Home::sqlite()), ["paho", "paho5"].map(python));
}

#[test]
fn the_javascript_sdk_signs_and_speaks_both_versions() {
    speak_as_iam_allows(&with_key(Home::sqlite()), ["3", "5"].map(javascript));
}

#[test]
fn clients_sign_and_speak_on_postgresql() {
    if let Some(home) = Home::postgres() {
        speak_as_iam_allows(&with_key(home), [python("sdk5")]);
    }
}

#[test]
fn a_roles_session_signs_and_its_token_is_no_part_of_the_signature() {
    if venv().is_none() {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let trust = json!({
        "Version": "2012-10-17",
        "Statement": { "Effect": "Allow", "Principal": { "AWS": ACCOUNT }, "Action": "sts:AssumeRole" },
    });
    let create = [
        "iam",
        "create-role",
        "--role-name",
        "web",
        "--assume-role-policy-document",
    ];
    let role = aws(&server, &[&create[..], &[&trust.to_string()]].concat());
    let put = [
        "iam",
        "put-role-policy",
        "--role-name",
        "web",
        "--policy-name",
        "web",
    ];
    aws(&server, &[&put[..], &["--policy-document", &policy()]].concat());
    let arn = role["Role"]["Arn"].as_str().unwrap();
    let assume = [
        "sts",
        "assume-role",
        "--role-session-name",
        "browser",
        "--role-arn",
    ];
    let session = aws(&server, &[&assume[..], &[arn]].concat());
    let member = |name: &str| session["Credentials"][name].as_str().unwrap().to_owned();
    let (id, secret, token) = (
        member("AccessKeyId"),
        member("SecretAccessKey"),
        member("SessionToken"),
    );
    for client in [
        python("sdk"),
        python("sdk5"),
        python("paho"),
        javascript("3"),
        javascript("5"),
    ] {
        let Some(client) = client else { return };
        client.comes_in(&server, (&id, &secret), Some(&token));
        // Without its token the key is nobody's.
        client.stays_out(&server, (&id, &secret), "web-1");
    }
    for secret in [secret, token] {
        assert!(!home.log().contains(&secret), "a secret stands in the log");
    }
}
