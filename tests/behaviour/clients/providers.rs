//! A certificate provider whose function signs with openssl and a key of the plant's own, for devices that come to the gateway.

use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DistinguishedName, DnType, IsCa, KeyPair};
use serde_json::{Value, json};
use thingsmith_agent::AgentError;

use super::functions::runtimes;
use super::{installed, venv};
use crate::fleet::{Fleet, Given, connect, give};
use crate::server::{ACCOUNT, Home, REGION};

/// Signs what a client asks for, in the way that its client id says.
const SIGN: &str = r#"
import os
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))

def openssl(*words):
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout

def handler(event, context):
    assert sorted(event) == ["certificateSigningRequest", "clientId", "principalId"], sorted(event)
    client, request = event["clientId"], event["certificateSigningRequest"]
    if client == "raises":
        raise ValueError("the plant is closed")
    if client == "never":
        time.sleep(3600)
    if client == "mute":
        return {"certificate": "none"}
    if client == "stranger":
        with open(f"{HERE}/ca.pem") as certificate:
            return {"certificatePem": certificate.read()}
    with tempfile.TemporaryDirectory() as folder:
        csr, extensions = f"{folder}/csr.pem", f"{folder}/extensions"
        with open(csr, "w") as file:
            file.write(request)
        with open(extensions, "w") as file:
            file.write("basicConstraints=CA:" + ("TRUE" if client == "authority" else "FALSE"))
        signed = openssl("x509", "-req", "-in", csr, "-CA", f"{HERE}/ca.pem", "-CAkey", f"{HERE}/ca.key",
                         "-set_serial", str(time.time_ns()), "-days", "365", "-extfile", extensions)
    return {"certificatePem": signed}
"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_signs_what_devices_ask_for() {
    let Some(venv) = venv() else { return };
    if installed("openssl") {
        signs(&venv, Home::sqlite()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_function_signs_what_devices_ask_for_on_postgresql() {
    let Some(venv) = venv() else { return };
    let home = tokio::task::block_in_place(Home::postgres);
    if let Some(home) = home.filter(|_| installed("openssl")) {
        signs(&venv, home).await;
    }
}

/// A plant's own authority: its certificate and its key, as PEM.
fn plant() -> (String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "plant");
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn issuer(given: &Given) -> String {
    let pem = &given.created.certificate_pem;
    let read = thingsmith_x509::Certificate::from_pem(pem).unwrap();
    read.issuer().common_name().unwrap_or_default().to_owned()
}

async fn signs(venv: &Path, home: Home) {
    let home = home.config(&runtimes(venv));
    let server = home.start();
    let (certificate, key) = plant();
    let provider = format!("arn:aws:iot:{REGION}:{ACCOUNT}:certificateprovider/plant");
    let files = json!({"app.py": SIGN, "ca.pem": certificate, "ca.key": key});
    let functions = json!({"sign": {"files": files, "sources": [provider]}});
    let fleet = Fleet::make(venv, &server, &json!({"fleet": null}), &functions);
    let mut caller = server.administrator();
    let function = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:sign");
    let make = |name: &str| {
        let new = json!({"lambdaFunctionArn": function, "accountDefaultForOperations": ["CreateCertificateFromCsr"]});
        (format!("/certificate-providers/{name}"), new)
    };

    // Without a provider the server's own authority signs.
    let mut client = fleet.connect("pump").await;
    assert_ne!(issuer(&give(&mut client).await.unwrap()), "plant");
    let (path, new) = make("plant");
    caller.must("POST", &path, new);

    let given = until_signed(&mut client).await;
    assert_eq!(issuer(&given), "plant");
    let id = &given.created.certificate_id;
    let described = caller.must("GET", &format!("/certificates/{id}"), Value::Null);
    let described = &described.body["certificateDescription"];
    assert_eq!(
        (&described["status"], &described["certificateMode"]),
        (&json!("PENDING_ACTIVATION"), &json!("SNI_ONLY"))
    );
    let early = connect(&server, &given.identity(), "pump-1").await;
    assert!(early.is_err(), "it is not registered yet");
    let registered = given.register(&mut client, "fleet", "1").await;
    assert_eq!(registered, Ok("pump-1".into()));
    let own = connect(&server, &given.identity(), "pump-1").await.unwrap();
    own.disconnect().await.unwrap();

    // What it does wrong is the log's to say, and the device is told that it has no certificate.
    for (client_id, why) in [
        ("raises", "ValueError: the plant is closed"),
        ("mute", "the function's answer is not"),
        ("stranger", "another public key"),
        ("authority", "CA:TRUE"),
        ("never", "did not answer in time"),
    ] {
        let mut client = fleet.connect(client_id).await;
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let began = home.log().len();
            let answer = give(&mut client).await;
            assert!(is_unavailable(&answer), "{client_id}");
            if home.log()[began..].contains(why) {
                break;
            }
            assert!(
                Instant::now() < deadline,
                "{client_id}: no {why} in\n{}",
                home.log()
            );
        }
    }
    // Another provider, whose function does not permit it.
    caller.must("DELETE", &path, Value::Null);
    let (path, new) = make("other");
    caller.must("POST", &path, new);
    let began = home.log().len();
    assert!(is_unavailable(&give(&mut client).await));
    let log = home.log();
    assert!(
        log[began..].contains("does not permit iot.amazonaws.com"),
        "{log}"
    );
    caller.must("DELETE", &path, Value::Null);
    assert_ne!(issuer(&give(&mut client).await.unwrap()), "plant");
    server.stop();
}

fn is_unavailable(answer: &Result<Given, AgentError>) -> bool {
    match answer {
        Err(AgentError::Rejected { status, code, .. }) => {
            (*status, code.as_str()) == (503, "ServiceUnavailable")
        }
        _ => false,
    }
}

/// Asks as often as it takes until the function is in time, as a device does.
async fn until_signed(client: &mut thingsmith_agent::Client) -> Given {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        match give(client).await {
            Err(error) if Instant::now() < deadline => {
                let answer = Err(error);
                assert!(is_unavailable(&answer));
            }
            answer => return answer.unwrap(),
        }
    }
}
