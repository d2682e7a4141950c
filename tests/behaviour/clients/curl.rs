//! curl publishes over HTTPS, with a device's certificate and with an access key, in TLS 1.2 and 1.3.

use std::process::Command;

use super::device::{Device, Kind};
use super::mosquitto::{Mosquitto, own_topics_only, ready};
use super::{installed, on_postgresql};
use crate::server::{Home, REGION, Server};

/// The words that hold curl to one version of TLS.
const VERSIONS: [[&str; 3]; 2] = [
    ["--tlsv1.2", "--tls-max", "1.2"],
    ["--tlsv1.3", "--tls-max", "1.3"],
];

/// Posts a message; the status and the body of the answer.
fn post(
    server: &Server<'_>,
    version: [&str; 3],
    who: &[String],
    topic: &str,
    payload: &str,
) -> (u16, String) {
    let mut command = Command::new("curl");
    command
        .args(["--silent", "--show-error", "--max-time", "30"])
        .args(version)
        .arg("--cacert")
        .arg(server.ca())
        .args(who)
        .args(["--write-out", "\n%{http_code}", "--data-binary", payload])
        .arg(format!(
            "https://localhost:{}/topics/{topic}?qos=1",
            server.https_port()
        ));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", super::text(&output));
    let said = String::from_utf8(output.stdout).unwrap();
    let (body, status) = said.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), body.to_owned())
}

fn by_certificate(device: &Device) -> Vec<String> {
    let path = |path: &std::path::Path| path.display().to_string();
    [
        "--cert".into(),
        path(&device.certificate),
        "--key".into(),
        path(&device.key),
    ]
    .to_vec()
}

fn by_signature((id, secret): (&str, &str)) -> Vec<String> {
    [
        "--aws-sigv4".into(),
        format!("aws:amz:{REGION}:iotdevicegateway"),
        "--user".into(),
        format!("{id}:{secret}"),
    ]
    .to_vec()
}

fn publishes(home: &Home) {
    if !installed("curl") || !ready() {
        return;
    }
    let server = home.start();
    let mut caller = server.administrator();
    let device = Device::from_csr(home.scratch(), "pump", Kind::P256, &mut caller);
    own_topics_only(&mut caller, &[&device]);
    let (id, secret) = server.credentials();
    for (number, version) in VERSIONS.into_iter().enumerate() {
        let mosquitto = Mosquitto {
            server: &server,
            version: ["tlsv1.2", "tlsv1.3"][number],
        };
        // curl signs an encoded slash otherwise than AWS does, so that its signature is for the plain one.
        for (who, topic) in [
            (by_certificate(&device), "pump%2Fstate"),
            (by_certificate(&device), "pump/state"),
            (by_signature((&id, &secret)), "pump/state"),
        ] {
            let subscriber = mosquitto.subscribe(&device, "pump-sub", "pump/state", "1");
            let (status, body) = post(&server, version, &who, topic, "on");
            assert_eq!(status, 200, "{version:?}: {body}");
            assert!(body.contains("\"message\":\"OK\""), "{body}");
            assert_eq!(subscriber.message(), "message 1 pump/state on", "{version:?}");
        }
        // The nearest that is refused: another topic, another secret, nobody.
        for (who, topic) in [
            (by_certificate(&device), "valve/state"),
            (by_signature((&id, "another secret")), "pump/state"),
            (Vec::new(), "pump/state"),
        ] {
            let (status, body) = post(&server, version, &who, topic, "off");
            assert_eq!(status, 403, "{version:?} {topic}: {body}");
        }
    }
}

#[test]
fn curl_publishes_over_https_in_both_versions_of_tls() {
    publishes(&Home::sqlite());
}

#[test]
fn curl_publishes_over_https_on_postgresql() {
    on_postgresql(publishes);
}
