//! `thingsmith device`, the device agent: each way by which it comes to its certificate, and what it says when it does not.
//! The server is set up with the AWS CLI.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::aws_cli::Aws;
use super::device::{Device, Kind};
use super::just_in_time::{Factory, written};
use super::{on_postgresql, registering_role, template, text};
use crate::server::{ACCOUNT, Home, REGION, Server, output_in_time, program};

/// A fleet whose template names things by their serial number.
struct Fleet<'s> {
    server: &'s Server<'s>,
    aws: Aws<'s>,
    scratch: PathBuf,
}

impl<'s> Fleet<'s> {
    fn new(server: &'s Server<'s>, home: &Home) -> Option<Self> {
        let aws = Aws::new(server)?;
        let scratch = home.scratch().to_owned();
        let role = registering_role(&aws, &scratch);
        server.administrator().allow_all();
        let body = json!({
            "Parameters": {
                "SerialNumber": {"Type": "String"},
                "AWS::IoT::Certificate::Id": {"Type": "String"},
            },
            "Resources": {
                "thing": {
                    "Type": "AWS::IoT::Thing",
                    "Properties": {"ThingName": {"Fn::Join": ["-", ["camera", {"Ref": "SerialNumber"}]]}},
                },
                "certificate": {
                    "Type": "AWS::IoT::Certificate",
                    "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
                },
                "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "allow-all"}},
            },
            "DeviceConfiguration": {"Greeting": "hello"},
        });
        let body = written(&scratch, "fleet.json", &body);
        aws.call(
            "iot create-provisioning-template --template-name cameras --enabled --provisioning-role-arn",
            &[&role, "--template-body", &body],
        );
        Some(Self { server, aws, scratch })
    }

    /// A claim certificate with the policy of AWS's guide for this template.
    fn claim(&self, template: &str) -> Device {
        let mut caller = self.server.administrator();
        let claim = Device::from_csr(
            &self.scratch,
            &format!("claim-{template}"),
            Kind::P256,
            &mut caller,
        );
        let resources = |kind: &str| {
            let topics = [
                "certificates/create/*".to_owned(),
                "certificates/create-from-csr/*".to_owned(),
                format!("provisioning-templates/{template}/provision/*"),
            ];
            topics.map(|topic| format!("arn:aws:iot:{REGION}:{ACCOUNT}:{kind}/$aws/{topic}"))
        };
        let policy = format!("claim-{template}");
        caller.policy(
            &policy,
            json!([
                {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
                {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": resources("topic")},
                {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": resources("topicfilter")},
            ]),
        );
        caller.attach_policy(&policy, &claim.arn);
        claim
    }

    fn directory(&self, name: &str) -> PathBuf {
        self.scratch.join(name)
    }

    /// Provisions by a claim, with further flags.
    fn provision(&self, name: &str, claim: &Device, serial: &str, more: &[&str]) -> Output {
        let serial = format!("SerialNumber={serial}");
        let (certificate, key) = (path(&claim.certificate), path(&claim.key));
        let mut words = vec![
            "--claim-cert",
            certificate,
            "--claim-key",
            key,
            "--param",
            &serial,
        ];
        words.extend(more);
        if !more.contains(&"--template") {
            words.extend(["--template", "cameras"]);
        }
        self.device("provision", &self.directory(name), &words)
    }

    fn device(&self, command: &str, directory: &Path, words: &[&str]) -> Output {
        device(self.server, command, directory, words)
    }
}

/// Runs `thingsmith device` as whoever called `thingsmith env` before.
fn device(server: &Server<'_>, command: &str, directory: &Path, words: &[&str]) -> Output {
    let mut run = Command::new(program());
    run.args(["device", command, "--dir"])
        .arg(directory)
        .args(words)
        .env("THINGSMITH_MQTT", &server.mqtt)
        .env("THINGSMITH_CA", server.ca())
        .stdin(Stdio::null());
    let child = run.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    output_in_time(child)
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn passes(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

/// The command failed and said this.
fn fails(output: &Output, said: &str) {
    assert_eq!(output.status.code(), Some(1), "{}", text(output));
    assert!(text(output).contains(said), "{}", text(output));
}

fn record(directory: &Path) -> Value {
    let text = std::fs::read_to_string(directory.join("current/device.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_device_comes_in_by_a_claim() {
    by_claim(&Home::sqlite());
}

#[test]
fn a_device_comes_in_by_a_claim_on_postgresql() {
    on_postgresql(by_claim);
}

fn by_claim(home: &Home) {
    let server = home.start();
    let Some(fleet) = Fleet::new(&server, home) else {
        return;
    };
    let claim = fleet.claim("cameras");
    for (serial, flags) in [
        ("1", &[][..]),
        ("2", &["--cbor", "--mqtt5"]),
        ("3", &["--keys", "--mqtt5"]),
        ("4", &["--keys", "--cbor"]),
    ] {
        let name = format!("camera-{serial}");
        let directory = fleet.directory(&name);
        let said = passes(&fleet.provision(&name, &claim, serial, flags));
        assert!(said.contains(&format!("The device is {name}, ")), "{said}");
        let record = record(&directory);
        assert_eq!(record["thingName"], name.as_str());
        assert_eq!(record["deviceConfiguration"], json!({"Greeting": "hello"}));
        let key = std::fs::read_to_string(directory.join("current/private.key")).unwrap();
        assert_eq!(key.contains("RSA"), flags.contains(&"--keys"), "who made the key");
        let principals = fleet.aws.call("iot list-thing-principals --thing-name", &[&name]);
        let id = record["certificateId"].as_str().unwrap();
        let arn = principals["principals"][0].as_str().unwrap();
        assert!(arn.ends_with(id), "{arn} {id}");

        passes(&fleet.device("connect", &directory, &["--once"]));
        passes(&fleet.device("publish", &directory, &["--topic", "seen", "--message", "door"]));
        // Once more does nothing.
        passes(&fleet.provision(&name, &claim, serial, flags));
        assert_eq!(self::record(&directory), record);
    }
    let shown = fleet.device("show", &fleet.directory("camera-1"), &[]);
    assert!(passes(&shown).contains("\"thingName\": \"camera-1\""));
    server.stop();
}

#[test]
fn a_device_that_is_refused_says_what_its_developer_can_do() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(fleet) = Fleet::new(&server, &home) else {
        return;
    };
    let claim = fleet.claim("cameras");
    let quickly = ["--give-up-after", "0s"];

    let none = fleet.device("connect", &fleet.directory("nobody"), &["--once"]);
    fails(&none, "thingsmith device provision --dir");

    let other = fleet.claim("absent");
    let refused = fleet.provision("a", &other, "1", &["--template", "absent"]);
    fails(&refused, "Is the template there, by this name");
    let refused = fleet.provision("a", &claim, "1", &["--template", "absent"]);
    fails(&refused, "topic/$aws/provisioning-templates/TEMPLATE/provision/*");
    let refused = fleet.provision("a", &claim, "1", &["--template", "no name"]);
    fails(&refused, "is not the name of a provisioning template");
    let refused = fleet.provision("a", &claim, "no thing has this name", &[]);
    fails(&refused, "RegisterThing was rejected with 400");
    // What was asked for is not wasted: the same certificate goes on.
    let said = passes(&fleet.provision("a", &claim, "1", &[]));
    assert!(said.contains("going on with the certificate"), "{said}");

    claim.set_status("INACTIVE", &mut server.administrator());
    let refused = fleet.provision("b", &claim, "2", &quickly);
    fails(&refused, "A server refuses by closing");
    assert!(
        fleet
            .device("connect", &fleet.directory("a"), &["--once"])
            .status
            .success()
    );

    let roots = &claim.certificate;
    let wrong = ["--ca", path(roots), "--give-up-after", "0s"];
    fails(
        &fleet.provision("c", &claim, "3", &wrong),
        "--ca must be the roots of this server",
    );
    let wrong = ["--endpoint", "localhost:1", "--give-up-after", "0s"];
    fails(
        &fleet.provision("c", &claim, "3", &wrong),
        "Is the server running",
    );
    server.stop();
}

#[test]
fn a_device_changes_its_certificate() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(fleet) = Fleet::new(&server, &home) else {
        return;
    };
    let claim = fleet.claim("cameras");
    let directory = fleet.directory("camera-1");
    passes(&fleet.provision("camera-1", &claim, "1", &[]));
    let before = record(&directory)["certificateId"].clone();
    let key = std::fs::read(directory.join("current/private.key")).unwrap();
    // The claim is not needed any more.
    claim.set_status("INACTIVE", &mut server.administrator());
    let said = passes(&fleet.device("rotate", &directory, &[]));
    assert!(said.contains("The one before is still ACTIVE"), "{said}");
    let after = record(&directory);
    assert_ne!(after["certificateId"], before);
    assert_eq!(after["thingName"], "camera-1");
    assert_ne!(std::fs::read(directory.join("current/private.key")).unwrap(), key);
    passes(&fleet.device("connect", &directory, &["--once"]));

    // Without the right to ask, the device keeps what it has.
    let arn = format!(
        "arn:aws:iot:{REGION}:{ACCOUNT}:cert/{}",
        after["certificateId"].as_str().unwrap()
    );
    fleet
        .aws
        .call("iot detach-policy --policy-name allow-all --target", &[&arn]);
    let mut caller = server.administrator();
    caller.policy(
        "connects",
        json!({"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}),
    );
    caller.attach_policy("connects", &arn);
    let refused = fleet.device("rotate", &directory, &["--give-up-after", "0s"]);
    fails(&refused, "The certificate's policy lacks");
    assert_eq!(record(&directory), after);
    passes(&fleet.device("connect", &directory, &["--once"]));
    server.stop();
}

#[test]
fn a_device_comes_in_just_in_time() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let role = registering_role(&aws, home.scratch());
    let policy = server.administrator().allow_all();
    let config = json!({"templateBody": template(policy).to_string(), "roleArn": role});
    let factory = Factory::new(&aws, &home, Some(config));
    let (key, certificate) = factory.device("pump-1");
    let directory = home.scratch().join("pump-1-files");
    let words = [
        "--jitp",
        "--cert",
        path(&certificate),
        "--key",
        path(&key),
        "--client-id",
        "pump-1",
    ];
    let said = passes(&device(&server, "provision", &directory, &words));
    assert!(
        said.contains("again in"),
        "the first connection is refused: {said}"
    );
    passes(&device(&server, "connect", &directory, &["--once"]));
    aws.call("iot describe-thing --thing-name pump-1", &[]);
    // Nothing says what a template for its next certificate would be.
    fails(
        &device(&server, "rotate", &directory, &[]),
        "Name what to ask for: --template",
    );

    let (key, certificate) = super::device::made_elsewhere(home.scratch(), "stranger", Kind::P256);
    let words = [
        "--jitp",
        "--cert",
        path(&certificate),
        "--key",
        path(&key),
        "--client-id",
        "stranger",
        "--give-up-after",
        "1s",
    ];
    let directory = home.scratch().join("stranger-files");
    fails(
        &device(&server, "provision", &directory, &words),
        "A server refuses by closing",
    );
    assert!(!directory.join("current").exists());
    server.stop();
}

#[test]
fn a_device_comes_in_by_a_trusted_user() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(fleet) = Fleet::new(&server, &home) else {
        return;
    };
    let answer = fleet
        .aws
        .call("iot create-provisioning-claim --template-name cameras", &[]);
    let claim = fleet.scratch.join("claim.json");
    std::fs::write(&claim, answer.to_string()).unwrap();
    let directory = fleet.directory("camera-8");
    let words = [
        "--claim",
        path(&claim),
        "--template",
        "cameras",
        "--param",
        "SerialNumber=8",
    ];
    passes(&fleet.device("provision", &directory, &words));
    passes(&fleet.device("connect", &directory, &["--once"]));
    std::fs::write(&claim, "{}").unwrap();
    let refused = fleet.device("provision", &fleet.directory("camera-9"), &words);
    fails(&refused, "is not what `aws iot create-provisioning-claim` prints");
    server.stop();
}

#[test]
fn a_device_prints_what_it_subscribed_to_and_comes_back_when_the_server_does() {
    let home = Home::sqlite();
    let mut server = home.start();
    let Some(fleet) = Fleet::new(&server, &home) else {
        return;
    };
    let claim = fleet.claim("cameras");
    let directory = fleet.directory("camera-1");
    passes(&fleet.provision("camera-1", &claim, "1", &[]));
    // What is retained comes again with each subscription to its topic, whenever the device makes it.
    let keep = |topic: &str, payload: &str| {
        let words = ["--topic", topic, "--payload", payload];
        fleet.aws.call("iot-data publish --retain --qos 1", &words);
    };
    keep("commands/door", "{\"open\": 'yes'}\u{1b}[2J\n");
    keep("alarms", "quiet");
    keep("elsewhere", "not for it");
    let mut device = Command::new(program());
    device.args([
        "device",
        "connect",
        "--subscribe",
        "commands/door",
        "--subscribe",
        "alarms",
        "--dir",
    ]);
    device.arg(&directory).env("THINGSMITH_CA", server.ca());
    let child = device
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let lines = read_on(child.stdout.take().unwrap());
    let complaints = read_on(child.stderr.take().unwrap());
    let next = |lines: &mpsc::Receiver<String>| {
        let line = lines.recv_timeout(Duration::from_secs(120));
        line.unwrap_or_else(|_| panic!("nothing comes:\n{}", home.log()))
    };
    let both = || {
        let mut both = [next(&lines), next(&lines)];
        both.sort_unstable();
        both
    };
    // A line each, in which nothing is left that a terminal would obey.
    let expected = ["alarms quiet", "commands/door {\"open\": 'yes'}\\u{1b}[2J\\n"];
    assert_eq!(both(), expected);
    assert_eq!(next(&complaints), "connected as camera-1");

    drop(fleet);
    let port = server.mqtt_port();
    server.kill();
    let told = next(&complaints);
    assert!(told.contains("; again in "), "{told}");
    server = home.start_on(port);
    assert_eq!(both(), expected);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(lines.recv(), Err(mpsc::RecvError));
    server.stop();
}

/// The lines that a program prints, as they come.
fn read_on(output: impl std::io::Read + Send + 'static) -> mpsc::Receiver<String> {
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        for line in lines {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    lines
}
