//! The AWS CLI and boto3 on keys, own certificate authorities and transfers, with the files that openssl makes as AWS's guide has it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::aws_cli::Aws;
use super::calls::{Boto3, texts};
use super::device::{self, Kind, openssl};
use super::{installed, on_postgresql, text};
use crate::server::{Home, Server, output_in_time};

/// Publishes with QoS 1 by mosquitto_pub; whether the server took it.
pub(super) fn publishes(server: &Server<'_>, certificate: &Path, key: &Path, client_id: &str) -> bool {
    let mut command = Command::new("mosquitto_pub");
    command
        .args([
            "-h",
            "localhost",
            "-p",
            &server.mqtt_port().to_string(),
            "--cafile",
        ])
        .arg(server.ca())
        .arg("--cert")
        .arg(certificate)
        .arg("--key")
        .arg(key)
        .args(["-i", client_id, "-t", "t", "-m", "hello", "-q", "1"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = output_in_time(command.spawn().unwrap());
    eprintln!("{}", text(&output));
    output.status.success()
}

pub(super) fn file(path: &Path) -> String {
    format!("file://{}", path.display())
}

/// A customer's certificate authority, as the guide makes one ("Create a CA certificate").
pub(super) struct Authority {
    key: PathBuf,
    pub(super) certificate: PathBuf,
}

impl Authority {
    pub(super) fn new(directory: &Path, name: &str) -> Self {
        let key = device::key(directory, name, Kind::Rsa2048);
        let certificate = directory.join(format!("{name}.pem"));
        openssl(
            &[
                "req",
                "-x509",
                "-new",
                "-sha256",
                "-days",
                "1024",
                "-subj",
                "/O=Example/CN=Factory",
                "-key",
            ],
            &[&key, Path::new("-out"), &certificate],
        );
        Self { key, certificate }
    }

    /// A key and a certificate with this common name: `openssl x509 -req` without extensions, version 1.
    pub(super) fn certify(&self, directory: &Path, file: &str, common_name: &str) -> (PathBuf, PathBuf) {
        let key = device::key(directory, file, Kind::Rsa2048);
        let certificate = self.certify_key(directory, file, common_name, &key);
        (key, certificate)
    }

    /// A certificate as [`Self::certify`] makes it, for a key that is there.
    pub(super) fn certify_key(&self, directory: &Path, file: &str, common_name: &str, key: &Path) -> PathBuf {
        let csr = directory.join(format!("{file}.csr"));
        std::fs::write(&csr, device::request(key, common_name)).unwrap();
        let certificate = directory.join(format!("{file}.pem"));
        let files: [&Path; 7] = [
            &csr,
            Path::new("-CA"),
            &self.certificate,
            Path::new("-CAkey"),
            &self.key,
            Path::new("-out"),
            &certificate,
        ];
        openssl(
            &[
                "x509",
                "-req",
                "-days",
                "500",
                "-sha256",
                "-CAcreateserial",
                "-in",
            ],
            &files,
        );
        certificate
    }
}

#[test]
fn the_life_of_an_own_certificate_authority() {
    own_authority(&Home::sqlite());
}

#[test]
fn the_life_of_an_own_certificate_authority_on_postgresql() {
    on_postgresql(own_authority);
}

fn own_authority(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    let directory = home.scratch();
    let authority = Authority::new(directory, "ca");
    let code = aws.call("get_registration_code", json!({}))["registrationCode"].take();
    let code = code.as_str().unwrap();
    let (_, verification) = authority.certify(directory, "verification", code);
    let (_, wrong) = authority.certify(directory, "wrong", "another code");
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let ca = read(&authority.certificate);
    let register = |verification: &Path| {
        json!({
            "caCertificate": ca,
            "verificationCertificate": read(verification),
            "setAsActive": true,
            "allowAutoRegistration": true,
        })
    };
    let refused = aws.refused("register_ca_certificate", register(&wrong));
    assert!(
        refused.starts_with("RegistrationCodeValidationException: "),
        "{refused}"
    );
    let made = aws.call("register_ca_certificate", register(&verification));
    let id = made["certificateId"].as_str().unwrap();
    let it = json!({"certificateId": id});
    let shown = aws.call("describe_ca_certificate", it.clone());
    let description = &shown["certificateDescription"];
    assert_eq!(
        (
            &description["status"],
            &description["autoRegistrationStatus"],
            &description["certificateMode"]
        ),
        (&json!("ACTIVE"), &json!("ENABLE"), &json!("DEFAULT"))
    );
    let listed = aws.list("list_ca_certificates", "certificates", 1, json!({}));
    assert_eq!(texts(&listed, "certificateId"), [id]);

    let (key, certificate) = authority.certify(directory, "pump", "pump");
    assert_eq!(device::version(&certificate), "1");
    let leaf = aws.call(
        "register_certificate",
        json!({"certificatePem": read(&certificate), "caCertificatePem": ca, "status": "ACTIVE"}),
    );
    let leaf_id = leaf["certificateId"].as_str().unwrap();
    let shown = aws.call("describe_certificate", json!({"certificateId": leaf_id}));
    assert_eq!(shown["certificateDescription"]["caCertificateId"], id);
    let of_ca = json!({"caCertificateId": id});
    let listed = aws.list("list_certificates_by_ca", "certificates", 1, of_ca);
    assert_eq!(texts(&listed, "certificateId"), [leaf_id]);
    let mut caller = server.administrator();
    let policy = caller.allow_all();
    caller.attach_policy(policy, leaf["certificateArn"].as_str().unwrap());
    if installed("mosquitto_pub") {
        assert!(publishes(&server, &certificate, &key, "pump"));
        let (key, certificate) = authority.certify(directory, "stranger", "stranger");
        assert!(!publishes(&server, &certificate, &key, "stranger"));
    }
    let refused = aws.refused("delete_ca_certificate", it.clone());
    assert!(refused.starts_with("CertificateStateException: "), "{refused}");
    aws.call(
        "update_ca_certificate",
        json!({"certificateId": id, "newStatus": "INACTIVE"}),
    );
    aws.call("delete_ca_certificate", it.clone());
    let refused = aws.refused("delete_ca_certificate", it);
    assert!(refused.starts_with("ResourceNotFoundException: "), "{refused}");
    aws.call("delete_registration_code", json!({}));
    server.stop();
}

#[test]
fn the_cli_on_an_own_certificate_authority() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let directory = home.scratch();
    let authority = Authority::new(directory, "ca");
    let code = aws.call("iot get-registration-code", &[])["registrationCode"].take();
    let (_, verification) = authority.certify(directory, "verification", code.as_str().unwrap());
    let (ca, verification) = (file(&authority.certificate), file(&verification));
    let made = aws.call(
        "iot register-ca-certificate --set-as-active --allow-auto-registration --ca-certificate",
        &[&ca, "--verification-certificate", &verification],
    );
    let id = made["certificateId"].as_str().unwrap();
    let (_, certificate) = authority.certify(directory, "pump", "pump");
    let leaf = aws.call(
        "iot register-certificate --status ACTIVE --certificate-pem",
        &[&file(&certificate), "--ca-certificate-pem", &ca],
    );
    let listed = aws.call("iot list-certificates-by-ca --ca-certificate-id", &[id]);
    assert_eq!(listed["certificates"][0]["certificateId"], leaf["certificateId"]);
    aws.call(
        "iot update-ca-certificate --new-status INACTIVE --certificate-id",
        &[id],
    );
    let shown = aws.call("iot describe-ca-certificate --certificate-id", &[id]);
    assert_eq!(shown["certificateDescription"]["status"], "INACTIVE");
    aws.call("iot delete-ca-certificate --certificate-id", &[id]);
    server.stop();
}

#[test]
fn a_key_by_the_service_connects() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let path = |name: &str| home.scratch().join(name);
    let (certificate, key, public) = (path("lamp.pem"), path("lamp.key"), path("lamp.pub"));
    let words = [
        "--certificate-pem-outfile",
        certificate.to_str().unwrap(),
        "--private-key-outfile",
        key.to_str().unwrap(),
        "--public-key-outfile",
        public.to_str().unwrap(),
    ];
    // The supply of keys has only begun to fill.
    let deadline = Instant::now() + Duration::from_secs(60);
    let made = loop {
        let output = aws.run("iot create-keys-and-certificate --set-as-active", &words);
        if output.status.success() {
            break serde_json::from_slice::<Value>(&output.stdout).unwrap();
        }
        assert!(text(&output).contains("ThrottlingException"), "{}", text(&output));
        assert!(Instant::now() < deadline);
    };
    let shown = openssl(&["rsa", "-noout", "-text", "-in"], &[&key]);
    assert!(shown.contains("2048 bit"), "{shown}");
    assert_eq!(
        openssl(&["pkey", "-pubout", "-in"], &[&key]),
        std::fs::read_to_string(&public).unwrap()
    );
    let shown = openssl(&["x509", "-noout", "-subject", "-in"], &[&certificate]);
    assert!(shown.contains("AWS IoT Certificate"), "{shown}");
    let mut caller = server.administrator();
    let policy = caller.allow_all();
    caller.attach_policy(policy, made["certificateArn"].as_str().unwrap());
    if installed("mosquitto_pub") {
        assert!(publishes(&server, &certificate, &key, "lamp"));
    }
    server.stop();
    let private = std::fs::read_to_string(&key).unwrap();
    let secret = private.lines().nth(1).unwrap();
    assert!(!home.log().contains(secret) && !home.said().contains(secret));
    for entry in std::fs::read_dir(home.data()).unwrap() {
        let kept = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        assert!(
            !kept
                .windows(secret.len())
                .any(|window| window == secret.as_bytes()),
            "the private key is kept nowhere"
        );
    }
}

#[test]
fn a_certificate_goes_from_account_to_account() {
    let home = Home::sqlite().dev();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let (ours, theirs) = (
        aws.with_key("111111111111", "any"),
        aws.with_key("222222222222", "any"),
    );
    let key = device::key(home.scratch(), "pump", Kind::P256);
    let csr = device::request(&key, "pump");
    let made = ours.call(
        "iot create-certificate-from-csr --certificate-signing-request",
        &[&csr],
    );
    let id = made["certificateId"].as_str().unwrap();
    let send = || {
        ours.call(
            "iot transfer-certificate --target-aws-account 222222222222 --transfer-message hello --certificate-id",
            &[id],
        )
    };
    assert_eq!(
        send()["transferredCertificateArn"],
        format!("arn:aws:iot:us-east-1:222222222222:cert/{id}")
    );
    let outgoing = ours.call("iot list-outgoing-certificates", &[]);
    assert_eq!(
        outgoing["outgoingCertificates"][0]["transferredTo"],
        "222222222222"
    );
    ours.call("iot cancel-certificate-transfer --certificate-id", &[id]);
    send();
    theirs.call(
        "iot reject-certificate-transfer --reject-reason no --certificate-id",
        &[id],
    );
    send();
    theirs.call(
        "iot accept-certificate-transfer --set-as-active --certificate-id",
        &[id],
    );
    let shown = theirs.call("iot describe-certificate --certificate-id", &[id]);
    let description = &shown["certificateDescription"];
    assert_eq!(
        (
            &description["status"],
            &description["previousOwnedBy"],
            &description["ownedBy"]
        ),
        (&json!("ACTIVE"), &json!("111111111111"), &json!("222222222222"))
    );
    assert_eq!(description["transferData"]["transferMessage"], "hello");
    let late = theirs.refused("iot accept-certificate-transfer --certificate-id", &[id]);
    assert!(late.starts_with("(TransferAlreadyCompletedException)"), "{late}");
    let gone = ours.refused("iot describe-certificate --certificate-id", &[id]);
    assert!(gone.starts_with("(ResourceNotFoundException)"), "{gone}");
}
