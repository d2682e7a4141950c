//! Devices whose keys, requests and certificates openssl(1) makes, as factories do.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use super::text;
use crate::caller::Caller;

/// The kinds of keys that devices have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    Rsa2048,
    P256,
    P384,
}

impl Kind {
    pub(crate) const ALL: [Self; 3] = [Self::Rsa2048, Self::P256, Self::P384];

    fn algorithm(self) -> [&'static str; 4] {
        match self {
            Self::Rsa2048 => ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
            Self::P256 => ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::P384 => ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
        }
    }
}

/// A device: its files, and what the registry calls its certificate.
pub(crate) struct Device {
    pub(crate) key: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) id: String,
    pub(crate) arn: String,
}

impl Device {
    /// A device whose certificate the service issues for its request.
    pub(crate) fn from_csr(directory: &Path, name: &str, kind: Kind, caller: &mut Caller) -> Self {
        let key = key(directory, name, kind);
        let request = json!({ "certificateSigningRequest": request(&key, name) });
        let answer = caller.must("POST", "/certificates?setAsActive=true", request);
        let certificate = directory.join(format!("{name}.pem"));
        std::fs::write(&certificate, answer.text("certificatePem")).unwrap();
        Self {
            key,
            certificate,
            id: answer.text("certificateId"),
            arn: answer.text("certificateArn"),
        }
    }

    /// A device whose certificate comes from its maker's own CA, which nobody registered.
    pub(crate) fn from_maker(directory: &Path, name: &str, kind: Kind, caller: &mut Caller) -> Self {
        let (key, certificate) = made_elsewhere(directory, name, kind);
        let pem = std::fs::read_to_string(&certificate).unwrap();
        let body = json!({ "certificatePem": pem, "status": "ACTIVE" });
        let answer = caller.must("POST", "/certificate/register-no-ca", body);
        Self {
            key,
            certificate,
            id: answer.text("certificateId"),
            arn: answer.text("certificateArn"),
        }
    }

    /// Gives its certificate another status.
    pub(crate) fn set_status(&self, status: &str, caller: &mut Caller) {
        caller.must(
            "PUT",
            &format!("/certificates/{}?newStatus={status}", self.id),
            Value::Null,
        );
    }
}

/// A key and a certificate that a CA of its own signed; the registry does not know it.
pub(crate) fn made_elsewhere(directory: &Path, name: &str, kind: Kind) -> (PathBuf, PathBuf) {
    let key = key(directory, name, kind);
    let csr = directory.join(format!("{name}.csr"));
    std::fs::write(&csr, request(&key, name)).unwrap();
    let authority_key = self::key(directory, &format!("{name}-maker"), Kind::P256);
    let authority = directory.join(format!("{name}-maker.pem"));
    let subject = format!("/CN=Maker of {name}");
    openssl(
        &["req", "-x509", "-days", "30", "-subj", &subject, "-key"],
        &[&authority_key, Path::new("-out"), &authority],
    );
    let certificate = directory.join(format!("{name}.pem"));
    let sign = ["x509", "-req", "-days", "30", "-CAcreateserial", "-in"];
    let files: [&Path; 7] = [
        &csr,
        Path::new("-CA"),
        &authority,
        Path::new("-CAkey"),
        &authority_key,
        Path::new("-out"),
        &certificate,
    ];
    openssl(&sign, &files);
    (key, certificate)
}

/// The version that stands in a certificate.
pub(crate) fn version(certificate: &Path) -> String {
    let shown = openssl(&["x509", "-noout", "-text", "-in"], &[certificate]);
    let line = shown
        .lines()
        .find(|line| line.contains("Version:"))
        .expect("it has a version");
    line.split_whitespace().nth(1).expect("it is a number").to_owned()
}

/// Makes a key.
pub(crate) fn key(directory: &Path, name: &str, kind: Kind) -> PathBuf {
    let key = directory.join(format!("{name}.key"));
    let words: Vec<&str> = ["genpkey"]
        .into_iter()
        .chain(kind.algorithm())
        .chain(["-out"])
        .collect();
    openssl(&words, &[&key]);
    key
}

/// A certificate signing request for a key, as PEM.
pub(crate) fn request(key: &Path, name: &str) -> String {
    openssl(&["req", "-new", "-subj", &format!("/CN={name}"), "-key"], &[key])
}

/// Runs openssl(1) and gives back what it printed.
pub(crate) fn openssl(words: &[&str], files: &[&Path]) -> String {
    let output = Command::new("openssl")
        .args(words)
        .args(files)
        .output()
        .expect("openssl is installed");
    assert!(
        output.status.success(),
        "openssl {words:?} {files:?}: {}",
        text(&output)
    );
    String::from_utf8(output.stdout).unwrap()
}
