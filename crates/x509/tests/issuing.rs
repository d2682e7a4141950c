//! Certificates written here, read by x509-parser, by ourselves and by openssl.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SigningKey,
};
use thingsmith_model::Timestamp;
use thingsmith_x509::{
    Certificate, CertificateError, CertificateSigningRequest, IssuingAlgorithm, Name, NameAttribute, Profile,
    check_client_certificate, lint, verify_signed_by,
};

const NOT_BEFORE: Timestamp = Timestamp::from_seconds(1_795_293_210); // 2026-11-21T20:33:30Z
const NOT_AFTER: Timestamp = Timestamp::from_seconds(2_524_607_999); // 2049-12-31T23:59:59Z

struct Authority {
    key: KeyPair,
    certificate: Certificate,
    algorithm: IssuingAlgorithm,
}

fn authority(key: KeyPair, algorithm: IssuingAlgorithm) -> Authority {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Device issuing CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let certificate = Certificate::from_der(params.self_signed(&key).unwrap().der()).unwrap();
    Authority {
        key,
        certificate,
        algorithm,
    }
}

fn p256() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

fn rsa() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap()
}

fn ec_authority() -> Authority {
    authority(p256(), IssuingAlgorithm::EcdsaSha256)
}

/// The DER of a request that wants everything that it must not get.
fn greedy_request_der(key: &KeyPair) -> Vec<u8> {
    let mut params = CertificateParams::new(vec!["thingsmith.example.com".to_owned()]).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "device-1");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0])];
    params.serialize_request(key).unwrap().der().to_vec()
}

fn greedy_request(key: &KeyPair) -> CertificateSigningRequest {
    CertificateSigningRequest::from_der(&greedy_request_der(key)).unwrap()
}

impl Authority {
    fn profile<'a>(
        &'a self,
        subject: &'a Name,
        request: &'a CertificateSigningRequest,
        id: &'a [u8],
    ) -> Profile<'a> {
        Profile {
            serial_number: [0xff; 20],
            issuer: self.certificate.subject(),
            authority_key_id: id,
            algorithm: self.algorithm,
            subject,
            public_key: request.public_key(),
            not_before: NOT_BEFORE,
            not_after: NOT_AFTER,
        }
    }

    fn issue(&self, request: &CertificateSigningRequest) -> Certificate {
        let (subject, id) = (request.subject_to_issue(), self.certificate.key_id_for_issuing());
        let profile = self.profile(&subject, request, &id);
        let tbs = profile.build().unwrap();
        lint(tbs.to_be_signed(), &profile, &subject, request.public_key()).unwrap();
        Certificate::from_der(&tbs.assemble(&self.key.sign(tbs.to_be_signed()).unwrap())).unwrap()
    }
}

#[test]
fn a_request_gets_its_subject_and_key_and_nothing_else() {
    let authority = ec_authority();
    let request = greedy_request(&p256());
    let certificate = authority.issue(&request);
    assert_eq!(verify_signed_by(&certificate, &authority.certificate), Ok(()));
    assert_eq!(check_client_certificate(&certificate), Ok(()));
    assert_eq!(certificate.version(), 3);
    assert_eq!(certificate.subject(), request.subject());
    assert_eq!(certificate.public_key(), request.public_key());
    assert_eq!(
        (certificate.not_before(), certificate.not_after()),
        (NOT_BEFORE, NOT_AFTER)
    );
    assert_eq!(certificate.serial_number(), format!("7f{}", "ff".repeat(19)));
    assert_eq!(
        certificate.authority_key_id(),
        authority.certificate.subject_key_id()
    );

    let (_, parsed) = x509_parser::parse_x509_certificate(certificate.der()).unwrap();
    assert!(!parsed.is_ca());
    let basic = parsed.basic_constraints().unwrap().unwrap();
    assert!(basic.critical && !basic.value.ca && basic.value.path_len_constraint.is_none());
    let usage = parsed.key_usage().unwrap().unwrap();
    assert!(
        usage.critical && usage.value.flags == 1,
        "digitalSignature and nothing else"
    );
    assert!(parsed.extended_key_usage().unwrap().is_none());
    assert!(parsed.subject_alternative_name().unwrap().is_none());
    assert_eq!(parsed.extensions().len(), 4);
}

#[test]
fn an_rsa_authority_signs_as_well() {
    let authority = authority(rsa(), IssuingAlgorithm::RsaSha256);
    let certificate = authority.issue(&greedy_request(&p256()));
    assert_eq!(verify_signed_by(&certificate, &authority.certificate), Ok(()));
    assert_eq!(certificate.signature_algorithm().to_string(), "SHA256WITHRSA");
}

#[test]
fn another_key_of_the_same_name_did_not_sign() {
    let certificate = ec_authority().issue(&greedy_request(&p256()));
    let other = ec_authority();
    assert_eq!(
        verify_signed_by(&certificate, &other.certificate),
        Err(CertificateError::Signature)
    );
}

#[test]
fn openssl_reads_and_verifies_what_is_written() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("no openssl here: nothing compared with it");
        return;
    }
    let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    for (authority, key) in [
        (ec_authority(), p256()),
        (ec_authority(), rsa()),
        (authority(rsa(), IssuingAlgorithm::RsaSha256), p384),
    ] {
        let certificate = authority.issue(&greedy_request(&key));
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            directory
                .path()
                .join(name)
                .into_os_string()
                .into_string()
                .unwrap()
        };
        let (ca, device, again) = (path("ca.pem"), path("device.pem"), path("again.der"));
        std::fs::write(&ca, authority.certificate.to_pem()).unwrap();
        std::fs::write(&device, certificate.to_pem()).unwrap();
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl").args(arguments).output().unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stderr)
            );
            String::from_utf8(output.stdout).unwrap()
        };
        openssl(&["verify", "-attime", "1795293330", "-CAfile", &ca, &device]);
        // Openssl 3 writes "CN = x", later versions "CN=x".
        let text = openssl(&["x509", "-noout", "-text", "-in", &device]).replace(" = ", "=");
        for line in [
            "Version: 3 (0x2)",
            "Issuer: CN=Device issuing CA",
            "Subject: CN=device-1",
            "Not Before: Nov 21 20:33:30 2026 GMT",
            "Not After : Dec 31 23:59:59 2049 GMT",
            "X509v3 Basic Constraints: critical\n                CA:FALSE",
            "X509v3 Key Usage: critical\n                Digital Signature\n",
            "X509v3 Authority Key Identifier:",
            "X509v3 Subject Key Identifier:",
        ] {
            assert!(text.contains(line), "{line} is not in {text}");
        }
        // Its encoder writes the same bytes.
        openssl(&["x509", "-in", &device, "-outform", "DER", "-out", &again]);
        assert_eq!(std::fs::read(&again).unwrap(), certificate.der());
        let key = openssl(&["x509", "-noout", "-pubkey", "-in", &device]);
        assert_eq!(certificate.public_key().to_pem(), key);
    }
}

#[test]
fn the_lint_notices_every_difference() {
    let authority = ec_authority();
    let request = greedy_request(&p256());
    let (subject, id) = (
        request.subject_to_issue(),
        authority.certificate.key_id_for_issuing(),
    );
    let profile = authority.profile(&subject, &request, &id);
    let tbs = profile.build().unwrap().to_be_signed().to_vec();
    let key = request.public_key();
    let check = |tbs: &[u8], profile: &Profile<'_>| lint(tbs, profile, &subject, key);
    assert_eq!(check(&tbs, &profile), Ok(()));

    let refused = |what| Err(CertificateError::Lint(what));
    let other_name = Name::build(&[(NameAttribute::CommonName, "other")]);
    let other_key = greedy_request(&p256());
    assert_eq!(
        lint(&tbs, &profile, &other_name, key),
        refused("the subject is another")
    );
    assert_eq!(
        lint(&tbs, &profile, &subject, other_key.public_key()),
        refused("the public key is another")
    );
    let mut other = profile.clone();
    other.serial_number[19] = 0;
    assert_eq!(check(&tbs, &other), refused("the serial number is another"));
    let mut other = profile.clone();
    other.not_after = NOT_BEFORE;
    assert_eq!(check(&tbs, &other), refused("the validity is another"));
    let mut other = profile.clone();
    other.authority_key_id = &[1];
    assert_eq!(
        check(&tbs, &other),
        refused("the authority key identifier is another")
    );
    let mut other = profile.clone();
    other.issuer = &other_name;
    assert_eq!(check(&tbs, &other), refused("the issuer is another"));
    let mut other = profile.clone();
    other.algorithm = IssuingAlgorithm::RsaSha256;
    assert_eq!(check(&tbs, &other), refused("the signature algorithm is another"));

    let empty = Name::build(&[]);
    let mut nameless = profile.clone();
    nameless.subject = &empty;
    let nameless_tbs = nameless.build().unwrap();
    assert_eq!(
        lint(nameless_tbs.to_be_signed(), &nameless, &empty, key),
        refused("the subject is empty")
    );

    let mut longer = tbs.clone();
    longer.push(0);
    assert_eq!(check(&longer, &profile), refused("something follows it"));
}

#[test]
fn no_changed_byte_passes_the_lint() {
    let authority = ec_authority();
    let request = greedy_request(&p256());
    let (subject, id) = (
        request.subject_to_issue(),
        authority.certificate.key_id_for_issuing(),
    );
    let profile = authority.profile(&subject, &request, &id);
    let tbs = profile.build().unwrap().to_be_signed().to_vec();
    let mut passed = Vec::new();
    for at in 0..tbs.len() {
        for byte in 0..=u8::MAX {
            let mut changed = tbs.clone();
            changed[at] = byte;
            let same = changed == tbs;
            if lint(&changed, &profile, &subject, request.public_key()).is_ok() != same {
                passed.push((at, tbs[at], byte));
            }
        }
    }
    assert_eq!(passed, []);
}

#[test]
fn a_request_that_another_key_signed_is_refused() {
    let der = greedy_request_der(&p256());
    assert!(CertificateSigningRequest::from_der(&der).is_ok());
    // The subject's last character; the signature is no longer over these bytes.
    let at = der.windows(8).position(|window| window == b"device-1").unwrap() + 7;
    let mut changed = der.clone();
    changed[at] = b'2';
    assert_eq!(
        CertificateSigningRequest::from_der(&changed),
        Err(CertificateError::Signature)
    );
    // Another's key under one's own signature: the point is replaced.
    let other = greedy_request_der(&p256());
    let point = |der: &[u8]| {
        der.windows(4)
            .position(|window| window == [0x03, 0x42, 0x00, 0x04])
            .unwrap()
    };
    let (mine, theirs) = (point(&der), point(&other));
    let mut stolen = der.clone();
    stolen[mine..mine + 68].copy_from_slice(&other[theirs..theirs + 68]);
    assert_eq!(
        CertificateSigningRequest::from_der(&stolen),
        Err(CertificateError::Signature)
    );
    // A point beside its curve.
    let mut beside = der;
    beside[mine + 67] ^= 1;
    let refused = CertificateSigningRequest::from_der(&beside);
    assert_eq!(refused, Err(CertificateError::WeakKey("it cannot be used")));
}

#[test]
fn the_last_time_is_not_before_the_first() {
    let authority = ec_authority();
    let request = greedy_request(&p256());
    let subject = request.subject_to_issue();
    let mut profile = authority.profile(&subject, &request, &[]);
    profile.not_after = Timestamp::from_seconds(0);
    assert_eq!(profile.build().unwrap_err(), CertificateError::Validity);
}

proptest! {
    #[test]
    fn any_subject_and_serial_number_come_out_as_they_went_in(
        serial_number in any::<[u8; 20]>(),
        values in prop::collection::vec("[^\\p{Cc}]{0,40}", 1..6),
        seconds in 0..250_000_000_000_i64,
    ) {
        let request = greedy_request(&p256());
        let attributes: Vec<_> = values.iter().map(|value| (NameAttribute::Organization, value.as_str())).collect();
        let subject = Name::build(&attributes).or_common_name("AWS IoT Certificate");
        let profile = Profile {
            serial_number,
            issuer: &Name::build(&[(NameAttribute::OrganizationalUnit, "Issuer")]),
            authority_key_id: &[7; 20],
            algorithm: IssuingAlgorithm::EcdsaSha256,
            subject: &subject,
            public_key: request.public_key(),
            not_before: Timestamp::from_seconds(seconds),
            not_after: Timestamp::from_seconds(seconds + 100),
        };
        let tbs = profile.build().unwrap();
        prop_assert_eq!(lint(tbs.to_be_signed(), &profile, &subject, request.public_key()), Ok(()));
        let certificate = Certificate::from_der(&tbs.assemble(&[1, 2, 3])).unwrap();
        prop_assert_eq!(certificate.subject(), &subject);
        prop_assert_eq!(certificate.serial_number().len(), 40);
        prop_assert_eq!(certificate.not_before(), Timestamp::from_seconds(seconds));
        let read = Certificate::from_pem(&certificate.to_pem()).unwrap();
        prop_assert_eq!(read, certificate);
    }
}
