//! Requests that the AWS SDK for Python signed, from `testdata/sigv4`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use serde::Deserialize;
use thingsmith_model::Timestamp;
use thingsmith_sigv4::{PayloadHash, Request, Rules, SigV4Error, SignedRequest, SigningKey};

const SECRET: &str = "secret/made+up/for=these/cases";
const NOW: Timestamp = Timestamp::from_seconds(1_795_293_330); // 2026-11-21T20:35:30Z

#[derive(Deserialize)]
struct Case {
    name: String,
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: String,
    service: String,
    region: String,
}

impl Case {
    fn verify(&self, secret: &str, body: &str, now: Timestamp) -> Result<(), SigV4Error> {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect();
        let signed = SignedRequest::parse(Request {
            method: &self.method,
            target: self.target.as_bytes(),
            headers: &headers,
        })?;
        let credential = signed.credential();
        assert_eq!(credential.access_key_id, "AKIDEXAMPLE");
        credential.scope.check(&self.region, &[&self.service])?;
        let key = SigningKey::derive(secret, &credential.scope);
        signed.verify(&key, PayloadHash::of(body.as_bytes()), now, Rules::default())
    }
}

fn cases(file: &str) -> Vec<Case> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../testdata/sigv4")
        .join(file);
    let cases: Vec<Case> = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    assert!(cases.len() >= 15, "{file} lost its cases");
    cases
}

#[test]
fn what_the_sdk_signs_is_verified() {
    let mut failures = Vec::new();
    for case in cases("signer.json").iter().chain(&cases("clients.json")) {
        if let Err(error) = case.verify(SECRET, &case.body, NOW) {
            failures.push(format!("{} {}: {error}", case.name, case.target));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn what_the_sdk_signs_is_refused_with_another_secret_or_body_or_day() {
    for case in cases("signer.json").iter().chain(&cases("clients.json")) {
        let name = &case.name;
        assert_eq!(
            case.verify("another secret", &case.body, NOW),
            Err(SigV4Error::Mismatch),
            "{name}"
        );
        let body = case.verify(SECRET, &format!("{} ", case.body), NOW);
        assert!(
            matches!(body, Err(SigV4Error::Mismatch | SigV4Error::ContentHash)),
            "{name}: {body:?}"
        );
        let later = case.verify(
            SECRET,
            &case.body,
            Timestamp::from_seconds(NOW.as_seconds() + 86_401),
        );
        assert!(
            matches!(later, Err(SigV4Error::Expired { .. })),
            "{name}: {later:?}"
        );
    }
}
