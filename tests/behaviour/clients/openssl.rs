//! curl and openssl: what an operator looks at first.

use std::process::{Command, Stdio};

use super::{installed, text};
use crate::server::{Home, Server};

fn curl(server: &Server<'_>, path: &str) -> (String, String) {
    let mut command = Command::new("curl");
    command.args([
        "--silent",
        "--show-error",
        "--max-time",
        "10",
        "--write-out",
        "\n%{http_code} %{content_type}",
    ]);
    let output = command.arg(format!("{}{path}", server.api)).output().unwrap();
    assert!(output.status.success(), "{path}: {}", text(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (body.to_owned(), status.to_owned())
}

#[test]
fn curl_sees_that_it_is_alive_and_ready_and_whom_to_trust() {
    if !installed("curl") {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let json = |body: &str| (body.to_owned(), "200 application/json".to_owned());
    assert_eq!(curl(&server, "/health"), json(r#"{"status":"alive"}"#));
    assert_eq!(curl(&server, "/ready"), json(r#"{"status":"ready"}"#));
    let (pem, status) = curl(&server, "/_thingsmith/ca.pem");
    assert_eq!(status, "200 application/x-pem-file");
    assert_eq!(pem, std::fs::read_to_string(server.ca()).unwrap());
    // Whoever does not sign is told so.
    let (body, status) = curl(&server, "/things");
    assert_eq!(status, "403 application/json");
    assert!(body.contains("Missing Authentication Token"), "{body}");
}

#[test]
fn openssl_verifies_the_gateways_certificate_by_the_published_root() {
    if !installed("openssl") {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    for version in ["-tls1_2", "-tls1_3"] {
        for name in ["localhost", "127.0.0.1"] {
            let check = if name == "localhost" {
                "-verify_hostname"
            } else {
                "-verify_ip"
            };
            let said = s_client(&server, &[version, "-servername", "localhost", check, name]);
            assert!(said.contains("Verification: OK"), "{version} {name}: {said}");
            assert!(
                said.contains("Verify return code: 0 (ok)"),
                "{version} {name}: {said}"
            );
            assert!(
                said.contains("No client certificate CA names sent"),
                "{version}: {said}"
            );
        }
        let said = s_client(
            &server,
            &[
                version,
                "-servername",
                "localhost",
                "-verify_hostname",
                "elsewhere.example",
            ],
        );
        assert!(said.contains("hostname mismatch"), "{version}: {said}");
        let said = s_client(&server, &[version, "-servername", "elsewhere.example"]);
        assert!(
            said.contains("no peer certificate available"),
            "an unknown name leads nowhere: {said}"
        );
    }
    // Not by TLS 1.1, and without a name by the default certificate.
    let said = s_client(&server, &["-tls1_1", "-servername", "localhost"]);
    assert!(said.contains("no peer certificate available"), "{said}");
    let said = s_client(&server, &["-noservername"]);
    assert!(said.contains("Verification: OK"), "{said}");
}

#[test]
fn a_client_that_checks_rsa_only_gets_the_rsa_twin() {
    if !installed("openssl") {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let roots = std::fs::read_to_string(server.ca()).unwrap();
    assert_eq!(roots.matches("BEGIN CERTIFICATE").count(), 2);
    for version in ["-tls1_2", "-tls1_3"] {
        for (schemes, kind) in [
            ("RSA-PSS+SHA256:RSA+SHA256", "rsaEncryption"),
            ("ECDSA+SHA256", "id-ecPublicKey"),
            ("RSA-PSS+SHA256:ECDSA+SHA256", "id-ecPublicKey"),
        ] {
            let said = s_client(
                &server,
                &[
                    version,
                    "-servername",
                    "localhost",
                    "-verify_hostname",
                    "localhost",
                    "-sigalgs",
                    schemes,
                ],
            );
            assert!(said.contains("Verification: OK"), "{version} {schemes}: {said}");
            assert!(said.contains(kind), "{version} {schemes}: {said}");
        }
    }
}

fn s_client(server: &Server<'_>, words: &[&str]) -> String {
    let mut command = Command::new("openssl");
    command.args([
        "s_client",
        "-connect",
        &format!("127.0.0.1:{}", server.mqtt_port()),
        "-CAfile",
    ]);
    command.arg(server.ca()).args(words).stdin(Stdio::null());
    text(&command.output().unwrap())
}
