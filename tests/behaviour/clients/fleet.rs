//! Devices that provision themselves by a claim with the fleet provisioning clients of the AWS IoT Device SDK, and with a
//! client that speaks CBOR: `tests/clients/fleet.py`. The fleet's owner uses the AWS CLI.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};

use super::aws_cli::Aws;
use super::aws_cli_certs::publishes;
use super::just_in_time::{registering_role, written};
use super::sdk::{Script, device, event, exchanged, whereabouts_on};
use super::{installed, on_postgresql};
use crate::operating::metrics::{metrics, value};
use crate::server::{ACCOUNT, Home, REGION, Server};

/// A fleet: its claim's files.
pub(crate) struct Fleet {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    /// The id of the claim's certificate.
    pub(crate) id: String,
}

/// A template that names a thing after the serial number and attaches a policy.
fn template(policy: &str) -> Value {
    json!({
        "Parameters": {"SerialNumber": {"Type": "String"}, "AWS::IoT::Certificate::Id": {"Type": "String"}},
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {"ThingName": {"Fn::Join": ["", ["pump-", {"Ref": "SerialNumber"}]]}},
            },
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "Active"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": policy}},
        },
        "DeviceConfiguration": {"FallbackUrl": "https://example.com"},
    })
}

/// The claim's policy, as AWS's guide has it.
fn claim_policy() -> Value {
    let arn = |kind: &str, topic: &str| format!("arn:aws:iot:{REGION}:{ACCOUNT}:{kind}/$aws/{topic}/*");
    let topics = [
        "certificates/create",
        "certificates/create-from-csr",
        "provisioning-templates/fleet/provision",
    ];
    let of = |kind: &str| topics.map(|topic| arn(kind, topic));
    json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["iot:Connect"], "Resource": "*"},
        {"Effect": "Allow", "Action": ["iot:Publish", "iot:Receive"], "Resource": of("topic")},
        {"Effect": "Allow", "Action": "iot:Subscribe", "Resource": of("topicfilter")},
    ]})
}

impl Fleet {
    /// Makes a template and a claim with the AWS CLI.
    pub(crate) fn new(aws: &Aws<'_>, server: &Server<'_>, directory: &Path) -> Self {
        let role = registering_role(aws, directory);
        let policy = server.administrator().allow_all();
        let body = written(directory, "fleet.json", &template(policy));
        aws.call(
            "iot create-provisioning-template --template-name fleet --enabled --provisioning-role-arn",
            &[&role, "--template-body", &body],
        );
        let (certificate, key) = (directory.join("claim.pem"), directory.join("claim.key"));
        let (certificate_text, key_text) = (certificate.display().to_string(), key.display().to_string());
        let made = aws.call(
            "iot create-keys-and-certificate --set-as-active --certificate-pem-outfile",
            &[&certificate_text, "--private-key-outfile", &key_text],
        );
        let document = written(directory, "claim.json", &claim_policy());
        aws.call(
            "iot create-policy --policy-name claim --policy-document",
            &[&document],
        );
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        aws.call(
            "iot attach-policy --policy-name claim --target",
            &[&text("certificateArn")],
        );
        Self {
            certificate,
            key,
            id: text("certificateId"),
        }
    }
}

/// Waits until there are keys for two devices: a machine that is busy makes them slowly, and a device that finds none is told
/// to come back.
fn until_keys_are_ready(server: &Server<'_>) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while value(&metrics(server), "thingsmith_rsa_keys_ready") < 2.0 {
        assert!(Instant::now() < deadline, "no keys are made");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn devices_provision_themselves_by_a_claim_with_every_client() {
    provisions(&Home::sqlite());
}

#[test]
fn devices_provision_themselves_by_a_claim_on_postgresql() {
    on_postgresql(provisions);
}

fn provisions(home: &Home) {
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let venv = super::venv().expect("the CLI is in it");
    let directory = home.scratch().to_owned();
    let fleet = Fleet::new(&aws, &server, &directory);
    for sdk in ["mqtt3", "mqtt5", "v2", "cbor"] {
        for with_csr in [true, false] {
            let serial = format!("{sdk}-{with_csr}");
            let path = |end: &str| directory.join(format!("{serial}.{end}"));
            let (certificate, key, csr) = (path("pem"), path("key"), path("csr"));
            let words = |parameters: Value| {
                let claim = (fleet.certificate.as_path(), fleet.key.as_path());
                let mut words = whereabouts_on(server.mqtt_port(), &server.ca(), claim);
                let (certificate, key) = (certificate.display().to_string(), key.display().to_string());
                let parameters = parameters.to_string();
                let more = [
                    "--sdk",
                    sdk,
                    "--template",
                    "fleet",
                    "--own-cert",
                    &certificate,
                    "--own-key",
                    &key,
                    "--parameters",
                    &parameters,
                ];
                words.extend(more.map(str::to_owned));
                if with_csr {
                    words.extend(["--csr".into(), csr.display().to_string()]);
                }
                words
            };
            if with_csr {
                let pair = KeyPair::generate().unwrap();
                let request = CertificateParams::default().serialize_request(&pair).unwrap();
                std::fs::write(&csr, request.pem().unwrap()).unwrap();
                std::fs::write(&key, pair.serialize_pem()).unwrap();
            }
            if !with_csr {
                until_keys_are_ready(&server);
            }
            let certified = json!({"event": "certified", "with_key": !with_csr});
            let mut refused = Script::start(&venv, "fleet.py", words(json!({})));
            refused.expect(std::slice::from_ref(&certified));
            let said = refused.next();
            assert_eq!(
                (&said["event"], &said["status"], &said["code"]),
                (&json!("rejected"), &json!(400), &json!("InvalidParameters")),
                "{said}"
            );
            refused.ends(0);

            let mut script = Script::start(&venv, "fleet.py", words(json!({"SerialNumber": serial})));
            let thing = format!("pump-{serial}");
            script.expect(&[
                certified,
                json!({
                    "event": "registered", "thing": thing,
                    "configuration": {"FallbackUrl": "https://example.com"},
                }),
            ]);
            script.ends(0);
            let principals = aws.call("iot list-thing-principals --thing-name", &[&thing]);
            let id = std::fs::read_to_string(&certificate).unwrap();
            let id = thingsmith_x509::Certificate::from_pem(&id).unwrap().id();
            let arn = format!("arn:aws:iot:{REGION}:{ACCOUNT}:cert/{id}");
            assert_eq!(principals["principals"], json!([arn]));
            let arguments = device("aws", &server, (&certificate, &key), &[]);
            let mut script = Script::start(&venv, "device.py", arguments);
            script.expect(&[event("connected")]);
            script.expect(&exchanged("one"));
            script.expect(&[event("disconnected")]);
            script.ends(0);
        }
    }
    // A claim that is turned off lets nobody in.
    aws.call(
        "iot update-certificate --new-status INACTIVE --certificate-id",
        &[&fleet.id],
    );
    if installed("mosquitto_pub") {
        assert!(!publishes(&server, &fleet.certificate, &fleet.key, "claim"));
    }
    server.stop();
}
