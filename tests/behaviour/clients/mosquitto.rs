//! `mosquitto_pub` and `mosquitto_sub`, in TLS 1.2 and 1.3.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use super::device::{self, Device, Kind};
use super::{installed, on_postgresql, text};
use crate::caller::Caller;
use crate::server::{Home, Server, output_in_time};

const VERSIONS: [&str; 2] = ["tlsv1.2", "tlsv1.3"];

/// The programs, pointed at a server.
pub(crate) struct Mosquitto<'s> {
    pub(crate) server: &'s Server<'s>,
    pub(crate) version: &'static str,
}

/// A subscriber whose subscription was accepted.
pub(super) struct Subscriber {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Mosquitto<'_> {
    pub(crate) fn command(
        &self,
        program: &str,
        files: (&Path, &Path),
        client_id: &str,
        topic: &str,
    ) -> Command {
        // The output comes line by line though nobody sits before it.
        let mut command = Command::new("stdbuf");
        command.args([
            "-oL",
            program,
            "-h",
            "localhost",
            "-p",
            &self.server.mqtt_port().to_string(),
        ]);
        command
            .args(["--tls-version", self.version, "--cafile"])
            .arg(self.server.ca());
        command
            .arg("--cert")
            .arg(files.0)
            .arg("--key")
            .arg(files.1)
            .args(["-i", client_id, "-t", topic]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Publishes one message; QoS 1 unless `more` says otherwise.
    fn publish(&self, device: &Device, client_id: &str, topic: &str, payload: &str, more: &[&str]) -> Output {
        let mut command = self.command(
            "mosquitto_pub",
            (&device.certificate, &device.key),
            client_id,
            topic,
        );
        command.args(["-q", "1", "-m", payload]).args(more);
        output_in_time(command.spawn().unwrap())
    }

    /// Subscribes and waits until the server has answered.
    pub(super) fn subscribe(&self, device: &Device, client_id: &str, topic: &str, qos: &str) -> Subscriber {
        let mut command = self.command(
            "mosquitto_sub",
            (&device.certificate, &device.key),
            client_id,
            topic,
        );
        command.args(["-q", qos, "-C", "1", "-W", "20", "-d", "-F", "message %q %t %p"]);
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let said = line_with(&mut output, "Subscribed (mid: 1)");
        assert!(said.ends_with(&format!(": {qos}")), "{said}");
        Subscriber { child, output }
    }
}

impl Subscriber {
    /// The first message.
    pub(super) fn message(mut self) -> String {
        let said = line_with(&mut self.output, "message ");
        assert!(self.child.wait().unwrap().success());
        said
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line_with(output: &mut BufReader<ChildStdout>, part: &str) -> String {
    let mut all = String::new();
    loop {
        let start = all.len();
        assert!(output.read_line(&mut all).unwrap() > 0, "no {part:?}:\n{all}");
        if all[start..].contains(part) {
            return all[start..].trim().to_owned();
        }
    }
}

pub(crate) fn ready() -> bool {
    installed("mosquitto_pub") && installed("mosquitto_sub") && installed("stdbuf")
}

/// Attaches a policy by which a client may be `pump` and use `pump/...`, and nothing else.
pub(super) fn own_topics_only(caller: &mut Caller, devices: &[&Device]) {
    let arn = |rest: &str| format!("arn:aws:iot:us-east-1:123456789012:{rest}");
    let statement = json!([
        { "Effect": "Allow", "Action": "iot:Connect", "Resource": [arn("client/pump"), arn("client/pump-*")] },
        { "Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": arn("topic/pump/*") },
        { "Effect": "Allow", "Action": "iot:Subscribe", "Resource": arn("topicfilter/pump/*") },
    ]);
    let policy = caller.policy("own-topics-only", statement);
    for device in devices {
        caller.attach_policy(policy, &device.arn);
    }
}

#[test]
fn what_a_policy_allows_works_and_the_nearest_other_things_do_not() {
    allowed_and_refused(&Home::sqlite());
}

#[test]
fn what_a_policy_allows_works_on_postgresql() {
    on_postgresql(allowed_and_refused);
}

fn allowed_and_refused(home: &Home) {
    if !ready() {
        return;
    }
    let server = home.start();
    let mut caller = server.administrator();
    let devices =
        Kind::ALL.map(|kind| Device::from_csr(home.scratch(), &format!("{kind:?}"), kind, &mut caller));
    own_topics_only(&mut caller, &devices.each_ref());
    for version in VERSIONS {
        let mosquitto = Mosquitto {
            server: &server,
            version,
        };
        for (number, it) in devices.iter().enumerate() {
            for (published, subscribed, delivered) in [("1", "1", "1"), ("0", "1", "0"), ("1", "0", "0")] {
                let how = format!("{version} {number} {published} {subscribed}");
                let subscriber = mosquitto.subscribe(it, "pump-sub", "pump/#", subscribed);
                let mut command = mosquitto.command(
                    "mosquitto_pub",
                    (&it.certificate, &it.key),
                    "pump",
                    "pump/temperature",
                );
                command.args(["-q", published, "-m", "21.5"]);
                let output = output_in_time(command.spawn().unwrap());
                assert!(output.status.success(), "{how}: {}", text(&output));
                assert_eq!(
                    subscriber.message(),
                    format!("message {delivered} pump/temperature 21.5"),
                    "{how}"
                );
            }
        }
        let it = &devices[1];
        let output = mosquitto.publish(it, "other", "pump/temperature", "21.5", &[]);
        assert!(!output.status.success(), "another client id: {}", text(&output));
        assert_not_published(&mosquitto, it, "other/temperature");
        assert_subscription_refused(&mosquitto, it, "other/#");
        assert_subscription_refused(&mosquitto, it, "#");
    }
    let log = home.log();
    for action in ["iot:Connect", "iot:Publish", "iot:Subscribe"] {
        let line = log
            .lines()
            .find(|line| line.contains("not authorized") && line.contains(action));
        let line = line.unwrap_or_else(|| panic!("nothing about {action} in {log}"));
        assert!(
            line.contains("no statement of an attached policy allows it"),
            "{line}"
        );
    }
}

/// A refused publish closes the connection: a second message on it is never sent.
fn assert_not_published(mosquitto: &Mosquitto<'_>, it: &Device, topic: &str) {
    let output = mosquitto.publish(it, "pump", topic, "21.5", &["-d"]);
    assert!(!text(&output).contains("received PUBACK"), "{}", text(&output));
    assert!(!output.status.success(), "{topic}: {}", text(&output));
}

fn assert_subscription_refused(mosquitto: &Mosquitto<'_>, it: &Device, filter: &str) {
    let mut command = mosquitto.command("mosquitto_sub", (&it.certificate, &it.key), "pump", filter);
    let output = output_in_time(command.args(["-q", "1", "-E", "-W", "20", "-d"]).spawn().unwrap());
    assert!(
        text(&output).contains("All subscription requests were denied"),
        "{filter}: {}",
        text(&output)
    );
}

#[test]
fn only_active_registered_certificates_connect() {
    if !ready() {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let mut caller = server.administrator();
    let maker = Device::from_maker(home.scratch(), "meter", Kind::Rsa2048, &mut caller);
    own_topics_only(&mut caller, &[&maker]);
    if device::version(&maker.certificate) != "1" {
        eprintln!("this openssl signs version 3 certificates where others sign version 1");
    }
    let (key, certificate) = device::made_elsewhere(home.scratch(), "stranger", Kind::P256);
    let stranger = Device {
        key,
        certificate,
        id: String::new(),
        arn: String::new(),
    };
    for version in VERSIONS {
        let mosquitto = Mosquitto {
            server: &server,
            version,
        };
        let connects = |it: &Device| mosquitto.publish(it, "pump", "pump/a", "1", &[]);
        assert!(
            !connects(&stranger).status.success(),
            "{version}: nobody registered it"
        );
        for (status, admitted) in [("ACTIVE", true), ("INACTIVE", false), ("ACTIVE", true)] {
            maker.set_status(status, &mut caller);
            let output = connects(&maker);
            assert_eq!(
                output.status.success(),
                admitted,
                "{version} {status}: {}",
                text(&output)
            );
        }
        let wrong = Mosquitto {
            server: &server,
            version,
        };
        let mut command = wrong.command(
            "mosquitto_pub",
            (&maker.certificate, &maker.key),
            "pump",
            "pump/a",
        );
        // The last one counts: a client that trusts somebody else.
        command.args(["-m", "1", "--cafile"]).arg(&maker.certificate);
        let output = output_in_time(command.spawn().unwrap());
        assert!(
            !output.status.success(),
            "{version}: a client that trusts another CA goes away"
        );
    }
    maker.set_status("REVOKED", &mut caller);
    for version in VERSIONS {
        let mosquitto = Mosquitto {
            server: &server,
            version,
        };
        assert!(
            !mosquitto
                .publish(&maker, "pump", "pump/a", "1", &[])
                .status
                .success(),
            "{version}: revoked"
        );
    }
}

#[test]
fn the_second_of_two_clients_with_one_id_stays() {
    if !ready() {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let mut caller = server.administrator();
    let it = Device::from_csr(home.scratch(), "pump", Kind::P256, &mut caller);
    own_topics_only(&mut caller, &[&it]);
    let mosquitto = Mosquitto {
        server: &server,
        version: "tlsv1.3",
    };
    let mut first = mosquitto.command(
        "mosquitto_sub",
        (&it.certificate, &it.key),
        "pump-sub",
        "pump/first",
    );
    // Without a way back it would take the id again.
    let mut first = first.args(["-d", "-W", "20"]).spawn().unwrap();
    let mut output = BufReader::new(first.stdout.take().unwrap());
    line_with(&mut output, "Subscribed");
    let second = mosquitto.subscribe(&it, "pump-sub", "pump/second", "1");
    // The first one sees its connection end, and is told to stay away.
    let said = line_with(&mut output, "sending CONNECT");
    assert!(said.contains("pump-sub"), "{said}");
    first.kill().unwrap();
    first.wait().unwrap();
    drop(second);
}

#[test]
fn a_certificate_that_is_switched_off_loses_its_connection_when_it_would_receive() {
    if !ready() {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let mut caller = server.administrator();
    let [it, other] =
        ["pump", "other"].map(|name| Device::from_csr(home.scratch(), name, Kind::P256, &mut caller));
    own_topics_only(&mut caller, &[&it, &other]);
    let mosquitto = Mosquitto {
        server: &server,
        version: "tlsv1.3",
    };
    let mut subscriber = mosquitto.command(
        "mosquitto_sub",
        (&it.certificate, &it.key),
        "pump-sub",
        "pump/inbox",
    );
    let mut subscriber = subscriber.args(["-d", "-W", "30"]).spawn().unwrap();
    let mut output = BufReader::new(subscriber.stdout.take().unwrap());
    line_with(&mut output, "Subscribed");
    it.set_status("INACTIVE", &mut caller);
    let switched_off = Instant::now();
    let lost = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !lost.load(Ordering::Relaxed) && switched_off.elapsed() < Duration::from_secs(20) {
                mosquitto.publish(&other, "pump", "pump/inbox", "secret", &[]);
            }
        });
        // It lost its connection and knocks again, in vain.
        line_with(&mut output, "sending CONNECT");
        lost.store(true, Ordering::Relaxed);
    });
    assert!(
        switched_off.elapsed() < Duration::from_secs(10),
        "{:?}",
        switched_off.elapsed()
    );
    subscriber.kill().unwrap();
    subscriber.wait().unwrap();
}

#[test]
fn mqtt_5_carries_properties_and_says_what_is_not_allowed() {
    if !ready() {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let mut caller = server.administrator();
    let it = Device::from_csr(home.scratch(), "pump", Kind::P256, &mut caller);
    own_topics_only(&mut caller, &[&it]);
    for version in VERSIONS {
        let mosquitto = Mosquitto {
            server: &server,
            version,
        };
        let mut command = mosquitto.command(
            "mosquitto_sub",
            (&it.certificate, &it.key),
            "pump-sub",
            "pump/inbox",
        );
        command.args(["-V", "mqttv5", "-q", "1", "-C", "1", "-W", "20", "-d"]);
        let mut child = command.args(["-F", "message %q %t %p %C %P"]).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        line_with(&mut output, "Subscribed (mid: 1)");
        let properties = [
            ["content-type", "text/plain"].to_vec(),
            ["user-property", "unit", "bar"].to_vec(),
        ];
        let mut more = vec!["-V", "mqttv5"];
        for property in &properties {
            more.extend(["-D", "publish"].iter().chain(property).copied());
        }
        let published = mosquitto.publish(&it, "pump", "pump/inbox", "21.5", &more);
        assert!(published.status.success(), "{}", text(&published));
        let said = line_with(&mut output, "message ");
        assert_eq!(said, "message 1 pump/inbox 21.5 text/plain unit:bar");
        assert!(child.wait().unwrap().success());

        let connect = mosquitto.publish(&it, "other", "pump/a", "1", &["-V", "mqttv5"]);
        assert!(!connect.status.success(), "{}", text(&connect));
        let refused = text(&connect);
        assert!(refused.to_lowercase().contains("not authorized"), "{refused}");
        let publish = mosquitto.publish(&it, "pump", "other/a", "1", &["-V", "mqttv5", "-d"]);
        assert!(text(&publish).contains("RC:135"), "{}", text(&publish));
    }
}
