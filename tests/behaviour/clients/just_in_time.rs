//! Devices with certificates of their factory, as AWS's guide makes them with openssl, that register or provision themselves
//! with programs that were not made for us.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::aws_cli::Aws;
use super::aws_cli_certs::{Authority, file, publishes};
use super::sdk::{Script, device, event, exchanged};
use super::{device as made, installed, on_postgresql, text};
use crate::server::{Home, Server};

/// A factory whose CA is registered for just-in-time work.
pub(super) struct Factory {
    authority: Authority,
    directory: PathBuf,
    ca: String,
}

/// Writes a file for the CLI to read.
pub(super) fn written(directory: &Path, name: &str, content: &Value) -> String {
    let path = directory.join(name);
    std::fs::write(&path, content.to_string()).unwrap();
    file(&path)
}

/// Makes a role by which AWS IoT may register things, and gives back its ARN.
pub(crate) fn registering_role(aws: &Aws<'_>, directory: &Path) -> String {
    let trust = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole",
    }]});
    let trust = written(directory, "trust.json", &trust);
    let made = aws.call(
        "iam create-role --role-name jitp --assume-role-policy-document",
        &[&trust],
    );
    aws.call(
        "iam attach-role-policy --role-name jitp --policy-arn \
         arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration",
        &[],
    );
    made["Role"]["Arn"].as_str().unwrap().to_owned()
}

/// A template that names a thing after the certificate's common name and attaches a policy.
pub(crate) fn template(policy: &str) -> Value {
    json!({
        "Parameters": {
            "AWS::IoT::Certificate::CommonName": {"Type": "String"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {"ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"}},
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": policy}},
        },
    })
}

impl Factory {
    pub(super) fn new(aws: &Aws<'_>, home: &Home, config: Option<Value>) -> Self {
        let directory = home.scratch().to_owned();
        let authority = Authority::new(&directory, "ca");
        let ca = file(&authority.certificate);
        let mut more = vec![ca];
        if let Some(config) = config {
            more.push("--registration-config".into());
            more.push(written(&directory, "config.json", &config));
        }
        let made = aws.call(
            "iot register-ca-certificate --certificate-mode SNI_ONLY --set-as-active --allow-auto-registration \
             --ca-certificate",
            &more.iter().map(String::as_str).collect::<Vec<_>>(),
        );
        let ca = made["certificateId"].as_str().unwrap().to_owned();
        Self {
            authority,
            directory,
            ca,
        }
    }

    /// The key and the certificate of a device: `openssl x509 -req`, version 1.
    pub(super) fn device(&self, name: &str) -> (PathBuf, PathBuf) {
        let (key, certificate) = self.authority.certify(&self.directory, name, name);
        assert_eq!(made::version(&certificate), "1");
        (key, certificate)
    }
}

/// Shakes hands and leaves at once, as `openssl s_client` does at the end of its input.
fn shakes_hands(server: &Server<'_>, version: &str, certificate: &Path, key: &Path) -> String {
    shakes_hands_with(server, &[version], certificate, key)
}

/// As [`shakes_hands`], with these options.
fn shakes_hands_with(server: &Server<'_>, options: &[&str], certificate: &Path, key: &Path) -> String {
    let mut command = Command::new("openssl");
    command
        .arg("s_client")
        .args(options)
        .args(["-servername", "localhost", "-connect"])
        .arg(format!("127.0.0.1:{}", server.mqtt_port()))
        .arg("-CAfile")
        .arg(server.ca())
        .arg("-cert")
        .arg(certificate)
        .arg("-key")
        .arg(key)
        .stdin(Stdio::null());
    text(&command.output().unwrap())
}

/// Waits until a certificate has a status.
fn until_status(aws: &Aws<'_>, certificate: &Path, status: &str) -> Value {
    let pem = std::fs::read_to_string(certificate).unwrap();
    let id = thingsmith_x509::Certificate::from_pem(&pem)
        .unwrap()
        .id()
        .to_string();
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let output = aws.run("iot describe-certificate --certificate-id", &[&id]);
        if output.status.success() {
            let shown: Value = serde_json::from_slice(&output.stdout).unwrap();
            if shown["certificateDescription"]["status"] == status {
                return shown["certificateDescription"].clone();
            }
        }
        assert!(Instant::now() < deadline, "{}", text(&output));
    }
}

#[test]
fn devices_provision_themselves_with_clients_that_try_again() {
    provisions(&Home::sqlite());
}

#[test]
fn devices_provision_themselves_on_postgresql() {
    on_postgresql(provisions);
}

fn provisions(home: &Home) {
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let role = registering_role(&aws, home.scratch());
    let policy = server.administrator().allow_all();
    let config = json!({"templateBody": template(policy).to_string(), "roleArn": role});
    let factory = Factory::new(&aws, home, Some(config));

    if installed("mosquitto_pub") {
        let (key, certificate) = factory.device("pump-1");
        assert!(
            !publishes(&server, &certificate, &key, "pump-1"),
            "the first is refused"
        );
        assert!(
            publishes(&server, &certificate, &key, "pump-1"),
            "the second comes in"
        );
        let shown = until_status(&aws, &certificate, "ACTIVE");
        assert_eq!(shown["caCertificateId"], factory.ca);
        let listed = aws.call("iot list-thing-principals --thing-name pump-1", &[]);
        assert_eq!(listed["principals"][0], shown["certificateArn"]);
    }
    if installed("openssl") {
        for version in ["-tls1_2", "-tls1_3"] {
            let name = format!("pump{version}");
            let (key, certificate) = factory.device(&name);
            shakes_hands(&server, version, &certificate, &key);
            until_status(&aws, &certificate, "ACTIVE");
            aws.call("iot describe-thing --thing-name", &[&name]);
            let said = shakes_hands(&server, version, &certificate, &key);
            assert!(said.contains("Verification: OK"), "{said}");
        }
    }
    let venv = super::venv().expect("the CLI is in it");
    for sdk in ["aws", "paho"] {
        let (key, certificate) = factory.device(&format!("pump-{sdk}"));
        let arguments = device(sdk, &server, (&certificate, &key), &["--retries", "5"]);
        let mut script = Script::start(&venv, "device.py", arguments);
        let connected = loop {
            match script.next() {
                // Paho tells of a connection that it loses before it is one.
                said if said["event"] == "interrupted" => {}
                said => break said,
            }
        };
        // Paho tries again by itself.
        let tries = if sdk == "aws" { 2 } else { 1 };
        assert_eq!(connected, json!({"event": "connected", "tries": tries}));
        script.expect(&exchanged("one"));
        script.expect(&[event("disconnected")]);
        script.ends(0);
    }
    server.stop();
}

#[test]
fn a_device_with_a_tiny_rsa_key_is_refused_and_leaves_nothing() {
    if !installed("openssl") {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let factory = Factory::new(&aws, &home, None);
    let tiny = home.scratch().join("tiny.key");
    let words = [
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:1024",
        "-out",
    ];
    made::openssl(&words, &[&tiny]);
    let certificate = factory
        .authority
        .certify_key(home.scratch(), "tiny", "tiny", &tiny);
    for version in ["-tls1_2", "-tls1_3"] {
        // openssl would not use it by itself.
        let said = shakes_hands_with(
            &server,
            &[version, "-cipher", "DEFAULT@SECLEVEL=0"],
            &certificate,
            &tiny,
        );
        // In TLS 1.3 a client that leaves at once is gone before it could be told.
        assert!(
            version == "-tls1_3" || said.contains("alert"),
            "{version}: {said}"
        );
    }
    // Where nothing is waited for, the nearest one that is registered tells that the other would have been by now.
    let (key, allowed) = factory.device("pump-1");
    shakes_hands(&server, "-tls1_3", &allowed, &key);
    let shown = until_status(&aws, &allowed, "PENDING_ACTIVATION");
    let listed = aws.call("iot list-certificates", &[]);
    let listed = listed["certificates"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["certificateArn"], shown["certificateArn"]);
}

#[test]
fn a_device_is_let_in_at_once_where_the_configuration_says_so() {
    if !installed("mosquitto_pub") {
        return;
    }
    let home = Home::sqlite().config("[gateway]\nadmit_on_first_connection = true\n");
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let role = registering_role(&aws, home.scratch());
    let policy = server.administrator().allow_all();
    let config = json!({"templateBody": template(policy).to_string(), "roleArn": role});
    let factory = Factory::new(&aws, &home, Some(config));
    let (key, certificate) = factory.device("pump-1");
    assert!(publishes(&server, &certificate, &key, "pump-1"));
    server.stop();
}

#[test]
fn a_device_registers_itself_and_an_operator_activates_it() {
    if !installed("mosquitto_pub") || !installed("openssl") {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let policy = server.administrator().allow_all();
    let factory = Factory::new(&aws, &home, None);
    let (key, certificate) = factory.device("pump-1");
    shakes_hands(&server, "-tls1_3", &certificate, &key);
    let shown = until_status(&aws, &certificate, "PENDING_ACTIVATION");
    assert!(!publishes(&server, &certificate, &key, "pump-1"));
    let (id, arn) = (&shown["certificateId"], shown["certificateArn"].as_str().unwrap());
    aws.call("iot attach-policy --policy-name", &[policy, "--target", arn]);
    aws.call(
        "iot update-certificate --new-status ACTIVE --certificate-id",
        &[id.as_str().unwrap()],
    );
    assert!(publishes(&server, &certificate, &key, "pump-1"));
    server.stop();
}
