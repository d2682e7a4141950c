//! What is refused, and that whatever is signed here verifies until a byte of it changes.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use proptest::prelude::*;
use thingsmith_model::{Secret, Timestamp};
use thingsmith_sigv4::{
    PayloadHash, Request, Rules, SigV4Error, SignedRequest, Signer, SigningKey, presign, sign,
};

const NOW: Timestamp = Timestamp::from_seconds(1_795_293_330); // 2026-11-21T20:35:30Z

fn signer(token: Option<&str>) -> Signer {
    Signer {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new("secret".to_owned()),
        session_token: token.map(str::to_owned),
        region: "eu-west-1".to_owned(),
        service: "iot".to_owned(),
    }
}

/// A request with its own copies of everything, so that a test can change a part.
#[derive(Debug, Clone)]
struct Sent {
    method: String,
    target: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Sent {
    fn new(method: &str, target: &str, body: &[u8]) -> Self {
        Self {
            method: method.to_owned(),
            target: target.as_bytes().to_vec(),
            headers: vec![
                ("Host".to_owned(), b"localhost:8443".to_vec()),
                ("X-Amz-Target".to_owned(), b"Service.Operation".to_vec()),
            ],
            body: body.to_vec(),
        }
    }

    fn with<R>(&self, run: impl FnOnce(Request<'_>) -> R) -> R {
        let headers: Vec<(&str, &[u8])> = self
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        run(Request {
            method: &self.method,
            target: &self.target,
            headers: &headers,
        })
    }

    fn sign(mut self, signer: &Signer) -> Self {
        let added = self.with(|request| sign(signer, &request, PayloadHash::of(&self.body), NOW).unwrap());
        self.headers.extend(
            added
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into_bytes())),
        );
        self
    }

    fn presign(mut self, signer: &Signer, expires: Option<u32>) -> Self {
        let payload = PayloadHash::of(&self.body);
        self.target = self
            .with(|request| presign(signer, &request, payload, NOW, expires).unwrap())
            .into_bytes();
        self
    }

    fn verify_at(&self, now: Timestamp, rules: Rules) -> Result<(), SigV4Error> {
        self.with(|request| {
            let signed = SignedRequest::parse(request)?;
            let key = SigningKey::derive("secret", &signed.credential().scope);
            signed.verify(&key, PayloadHash::of(&self.body), now, rules)
        })
    }

    fn verify(&self) -> Result<(), SigV4Error> {
        self.verify_at(NOW, Rules::default())
    }

    fn set(mut self, name: &str, value: &str) -> Self {
        self.headers
            .retain(|(given, _)| !given.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    fn header(&self, name: &str) -> String {
        let (_, value) = self
            .headers
            .iter()
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .unwrap();
        String::from_utf8(value.clone()).unwrap()
    }

    /// Changes a part of the `Authorization` header.
    fn edit(self, from: &str, to: &str) -> Self {
        let authorization = self.header("authorization");
        assert!(authorization.contains(from), "{authorization}");
        self.set("authorization", &authorization.replacen(from, to, 1))
    }

    fn edit_target(mut self, from: &str, to: &str) -> Self {
        let target = String::from_utf8(self.target).unwrap();
        assert!(target.contains(from), "{target}");
        self.target = target.replacen(from, to, 1).into_bytes();
        self
    }
}

fn signed() -> Sent {
    Sent::new("POST", "/things/a?x=1", b"{}").sign(&signer(None))
}

fn presigned() -> Sent {
    Sent::new("GET", "/mqtt", b"").presign(&signer(Some("to/ken")), Some(300))
}

fn seconds(number: i64) -> Timestamp {
    Timestamp::from_seconds(NOW.as_seconds() + number)
}

#[test]
fn a_request_without_signature_says_so() {
    let sent = Sent::new("GET", "/things", b"");
    assert_eq!(sent.verify(), Err(SigV4Error::MissingAuthenticationToken));
    let bearer = sent.set("Authorization", "Bearer abc");
    assert_eq!(
        bearer.verify(),
        Err(SigV4Error::UnsupportedAlgorithm("Bearer".to_owned()))
    );
}

#[test]
fn each_missing_part_is_named() {
    for (part, name) in [
        (
            "Credential=AKIDEXAMPLE/20261121/eu-west-1/iot/aws4_request,",
            "Credential",
        ),
        ("SignedHeaders=host;x-amz-date;x-amz-target,", "SignedHeaders"),
    ] {
        assert_eq!(
            signed().edit(part, "").verify(),
            Err(SigV4Error::MissingParameter(name))
        );
        assert_eq!(
            signed().edit(part, &part.repeat(2)).verify(),
            Err(SigV4Error::Repeated(name))
        );
    }
    let whole = signed().header("authorization");
    let (rest, _) = whole.split_once(", Signature=").unwrap();
    assert_eq!(
        signed().set("authorization", rest).verify(),
        Err(SigV4Error::MissingParameter("Signature"))
    );
    for name in [
        "X-Amz-Algorithm",
        "X-Amz-Date",
        "X-Amz-SignedHeaders",
        "X-Amz-Credential",
        "X-Amz-Signature",
    ] {
        let renamed = presigned().edit_target(name, "Y");
        assert_eq!(renamed.verify(), Err(SigV4Error::MissingParameter(name)));
        let repeated = presigned().edit_target("?", &format!("?{name}=a&"));
        assert_eq!(repeated.verify(), Err(SigV4Error::Repeated(name)));
    }
}

#[test]
fn a_malformed_part_is_refused() {
    let refused = |from: &str, to: &str| signed().edit(from, to).verify().unwrap_err();
    assert!(matches!(refused("AKIDEXAMPLE/", ""), SigV4Error::Credential(_)));
    assert!(matches!(
        refused("AKIDEXAMPLE/", "A/B/"),
        SigV4Error::Credential(_)
    ));
    assert!(matches!(refused("AKIDEXAMPLE/", "/"), SigV4Error::Credential(_)));
    assert!(matches!(
        refused("aws4_request", "aws5_request"),
        SigV4Error::Terminator(_)
    ));
    assert!(matches!(
        refused("host;", "host;host;"),
        SigV4Error::SignedHeaders(_)
    ));
    assert!(matches!(refused("host;", "Host;"), SigV4Error::SignedHeaders(_)));
    assert!(matches!(refused("host;", ";host;"), SigV4Error::SignedHeaders(_)));
    assert_eq!(
        refused("host;", "host;x-absent;"),
        SigV4Error::SignedHeaderAbsent("x-absent".to_owned())
    );
    assert_eq!(refused("Signature=", "Signature=0"), SigV4Error::Signature);
    assert!(matches!(
        refused("Credential=", "Credential"),
        SigV4Error::Malformed(_)
    ));
    assert!(matches!(
        refused("20261121/", "20261122/"),
        SigV4Error::ScopeDate { .. }
    ));
    assert_eq!(refused("/eu-west-1/", "/eu-west-2/"), SigV4Error::Mismatch);
    let long = format!("AWS4-HMAC-SHA256 Credential={}", "a".repeat(10_000));
    assert!(matches!(
        signed().set("authorization", &long).verify(),
        Err(SigV4Error::Malformed(_))
    ));
}

#[test]
fn host_target_and_token_must_be_signed() {
    assert_eq!(
        signed().edit("host;", "").verify(),
        Err(SigV4Error::HostNotSigned)
    );
    assert_eq!(
        signed().edit(";x-amz-target", "").verify(),
        Err(SigV4Error::HeaderNotSigned("x-amz-target"))
    );
    assert_eq!(
        signed().set("X-Amz-Security-Token", "stolen").verify(),
        Err(SigV4Error::HeaderNotSigned("x-amz-security-token"))
    );
}

#[test]
fn a_header_that_must_be_one_may_not_be_two() {
    for (name, called) in [("X-Amz-Date", "X-Amz-Date"), ("Authorization", "Authorization")] {
        let mut sent = signed();
        let value = sent.header(name).into_bytes();
        sent.headers.push((name.to_owned(), value));
        assert_eq!(sent.verify(), Err(SigV4Error::Repeated(called)));
    }
}

#[test]
fn a_request_signed_twice_is_refused() {
    let sent = signed().edit_target("?", "?X-Amz-Algorithm=AWS4-HMAC-SHA256&");
    assert_eq!(sent.verify(), Err(SigV4Error::TwoMechanisms));
}

#[test]
fn the_date_must_be_there_and_readable() {
    let mut sent = signed();
    sent.headers.retain(|(name, _)| name != "x-amz-date");
    assert_eq!(sent.verify(), Err(SigV4Error::MissingDate));
    assert!(matches!(
        signed().set("x-amz-date", "2026-11-21").verify(),
        Err(SigV4Error::Date(_))
    ));
}

#[test]
fn a_request_is_good_for_fifteen_minutes_either_side() {
    let at = |offset| signed().verify_at(seconds(offset), Rules::default());
    assert_eq!(at(900), Ok(()));
    assert_eq!(at(-900), Ok(()));
    assert_eq!(
        at(901).unwrap_err().to_string(),
        "Signature expired: 20261121T203530Z is now earlier than 20261121T203531Z (20261121T205031Z - 15 min.)"
    );
    assert_eq!(
        at(-901).unwrap_err().to_string(),
        "Signature not yet current: 20261121T203530Z is still later than 20261121T203529Z (20261121T202029Z + 15 min.)"
    );
    let narrow = Rules {
        window: Duration::from_secs(10),
        ..Rules::default()
    };
    assert!(matches!(
        signed().verify_at(seconds(11), narrow),
        Err(SigV4Error::Expired { .. })
    ));
}

#[test]
fn a_presigned_request_lives_as_long_as_it_says() {
    assert_eq!(presigned().verify_at(seconds(300), Rules::default()), Ok(()));
    assert!(matches!(
        presigned().verify_at(seconds(301), Rules::default()),
        Err(SigV4Error::Expired { .. })
    ));
    let unlimited = Sent::new("GET", "/mqtt", b"").presign(&signer(None), None);
    assert_eq!(unlimited.verify_at(seconds(900), Rules::default()), Ok(()));
    assert!(unlimited.verify_at(seconds(901), Rules::default()).is_err());
    for wrong in ["86401", "-1", "", "+5", "1e3", "99999999999999999999"] {
        let sent = presigned().edit_target("X-Amz-Expires=300", &format!("X-Amz-Expires={wrong}"));
        assert!(
            matches!(sent.verify(), Err(SigV4Error::Expires { .. })),
            "{wrong}"
        );
    }
    let stretched = presigned().edit_target("X-Amz-Expires=300", "X-Amz-Expires=301");
    assert_eq!(stretched.verify(), Err(SigV4Error::Mismatch));
}

#[test]
fn a_signed_token_cannot_be_exchanged_in_a_presigned_request() {
    // Exchanged, the signature over the token fails, and so does the one without it.
    assert_eq!(
        presigned().edit_target("to%2Fken", "other").verify(),
        Err(SigV4Error::Mismatch)
    );
    assert_eq!(
        presigned()
            .edit_target("&X-Amz-Security-Token=to%2Fken", "")
            .verify(),
        Err(SigV4Error::Mismatch)
    );
}

#[test]
fn the_body_hash_of_the_client_must_be_the_bodys() {
    let hash = PayloadHash::of(b"{}").to_hex();
    let sent = || Sent::new("POST", "/x", b"{}");
    assert_eq!(
        sent()
            .set("X-Amz-Content-Sha256", &hash)
            .sign(&signer(None))
            .verify(),
        Ok(())
    );
    let other = sent()
        .set("X-Amz-Content-Sha256", &PayloadHash::of(b"").to_hex())
        .sign(&signer(None));
    assert_eq!(other.verify(), Err(SigV4Error::ContentHash));
    let unsigned = sent()
        .set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD")
        .sign(&signer(None));
    assert_eq!(unsigned.verify(), Err(SigV4Error::UnsignedPayload));
}

#[test]
fn the_credential_must_be_for_this_region_and_service() {
    signed().with(|request| {
        let signed = SignedRequest::parse(request).unwrap();
        let scope = &signed.credential().scope;
        assert_eq!(scope.check("eu-west-1", &["iotdata", "iot"]), Ok(()));
        assert_eq!(
            scope.check("us-east-1", &["iot"]),
            Err(SigV4Error::Region("eu-west-1".to_owned()))
        );
        assert!(matches!(
            scope.check("eu-west-1", &["iotdata"]),
            Err(SigV4Error::Service { .. })
        ));
    });
}

#[test]
fn no_secret_is_shown() {
    let signed = signed();
    signed.with(|request| {
        let scope = SignedRequest::parse(request).unwrap().credential().scope.clone();
        assert_eq!(
            format!("{:?}", SigningKey::derive("secret", &scope)),
            "SigningKey(..)"
        );
    });
    assert!(!format!("{:?}", signer(None)).contains("\"secret\""));
}

/// Requests without dot or empty segments, which may change without changing what is signed.
fn sent() -> impl Strategy<Value = Sent> {
    let segment = "[a-zA-Z0-9_~:$%-]{1,12}";
    let path = prop::collection::vec(segment, 1..4).prop_map(|segments| format!("/{}", segments.join("/")));
    let query = prop::collection::vec(("[a-z]{1,4}", "[a-zA-Z0-9]{0,6}"), 0..4).prop_map(|pairs| {
        pairs
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect::<Vec<_>>()
            .join("&")
    });
    let header = "[!-~]{1,20}";
    (path, query, header, prop::collection::vec(any::<u8>(), 0..64)).prop_map(
        |(path, query, header, body)| {
            Sent::new("POST", &format!("{path}?{query}"), &body).set("X-Custom", &header)
        },
    )
}

proptest! {
    #[test]
    fn what_is_signed_verifies(sent in sent(), token in prop::option::of("[a-zA-Z0-9+/=]{1,40}")) {
        let signer = signer(token.as_deref());
        prop_assert_eq!(sent.clone().sign(&signer).verify(), Ok(()));
        prop_assert_eq!(sent.presign(&signer, Some(60)).verify(), Ok(()));
    }

    #[test]
    fn a_changed_byte_is_noticed(sent in sent(), part in 0..4, at in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let mut sent = sent.sign(&signer(None));
        let flip = |bytes: &mut [u8]| {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        };
        match part {
            0 => {
                let mut method = sent.method.into_bytes();
                flip(&mut method);
                sent.method = String::from_utf8(method).unwrap();
            }
            1 => {
                let path = sent.target.iter().position(|byte| *byte == b'?').unwrap();
                // Not the first slash: whether the target begins with one is HTTP's business.
                flip(&mut sent.target[1..path]);
                let text = String::from_utf8_lossy(&sent.target);
                prop_assume!(!text.contains("/.") && !text.contains("//"));
            }
            2 => {
                let (_, value) = sent.headers.iter_mut().find(|(name, _)| name == "X-Custom").unwrap();
                flip(value);
            }
            _ => {
                sent.body.push(b'x');
                sent.body[0] ^= 1;
            }
        }
        prop_assert_eq!(sent.verify(), Err(SigV4Error::Mismatch));
    }

    #[test]
    fn a_changed_query_is_noticed(
        name in "[a-z]{1,4}", value in "[a-zA-Z0-9]{1,6}", at in any::<prop::sample::Index>(), other in "[a-zA-Z0-9%+/]",
    ) {
        let mut sent = Sent::new("GET", &format!("/x?{name}={value}"), b"").sign(&signer(None));
        let at = 3 + at.index(sent.target.len() - 3);
        prop_assume!(sent.target[at] != other.as_bytes()[0]);
        sent.target[at] = other.as_bytes()[0];
        prop_assert_eq!(sent.verify(), Err(SigV4Error::Mismatch));
    }

    #[test]
    fn nothing_makes_the_reader_panic(
        target in prop::collection::vec(any::<u8>(), 0..200),
        value in prop::collection::vec(any::<u8>(), 0..200),
        date in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let headers: [(&str, &[u8]); 3] = [("authorization", &value), ("host", &value), ("x-amz-date", &date)];
        let request = Request { method: "GET", target: &target, headers: &headers };
        prop_assert!(SignedRequest::parse(request).is_err());
    }

    #[test]
    fn nothing_near_a_signature_makes_the_reader_panic(
        text in "AWS4-HMAC-SHA256 (Credential=|a/b/|20261121/|Signature=|SignedHeaders=|host|;|,|=|é| ){0,12}",
        query in "/(X-Amz-Algorithm=AWS4-HMAC-SHA256|X-Amz-Date=20261121T203530Z|X-Amz-|Signature|=|&|%|%zz|\\?){0,12}",
    ) {
        let header: [(&str, &[u8]); 2] = [("Authorization", text.as_bytes()), ("x-amz-date", b"20261121T203530Z")];
        let request = Request { method: "GET", target: b"/", headers: &header };
        prop_assert!(SignedRequest::parse(request).is_err());
        let request = Request { method: "GET", target: query.as_bytes(), headers: &[] };
        prop_assert!(SignedRequest::parse(request).is_err());
    }
}
