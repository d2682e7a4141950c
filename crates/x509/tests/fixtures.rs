//! Certificates and requests that openssl made, from `testdata/certificates`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

use thingsmith_x509::{
    AlternativeName, Certificate, CertificateError, CertificateSigningRequest, Curve, Hash, KeyKind,
    NameAttribute, SignatureAlgorithm, check_ca_certificate, check_client_certificate, verify_signed_by,
};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/certificates")
}

fn text(file: &str) -> String {
    std::fs::read_to_string(directory().join(file)).unwrap()
}

fn certificate(file: &str) -> Certificate {
    Certificate::from_pem(&text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn request(file: &str) -> Result<CertificateSigningRequest, CertificateError> {
    CertificateSigningRequest::from_pem(&text(file))
}

fn files(prefix: &str) -> Vec<String> {
    let names = std::fs::read_dir(directory())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap());
    let names: Vec<String> = names.filter(|name| name.starts_with(prefix)).collect();
    assert!(names.len() >= 4, "{prefix}* lost its files");
    names
}

#[test]
fn good_client_certificates_are_accepted_and_verify() {
    for file in files("good-") {
        let certificate = certificate(&file);
        assert_eq!(check_client_certificate(&certificate), Ok(()), "{file}");
        assert_eq!(verify_signed_by(&certificate, &certificate), Ok(()), "{file}");
        assert_eq!(certificate.to_pem(), text(&file), "{file}");
    }
}

#[test]
fn bad_client_certificates_are_refused_with_the_reason() {
    let refused = |file: &str| {
        check_client_certificate(&certificate(file))
            .unwrap_err()
            .to_string()
    };
    for (file, reason) in [
        (
            "bad-rsa1024.pem",
            "an RSA key must have 2048 to 8192 bits, this has 1024",
        ),
        ("bad-sha1.pem", "signature algorithm SHA1WITHRSA is not supported"),
        (
            "bad-sha1-ecdsa.pem",
            "signature algorithm ECDSA-WITH-SHA1 is not supported",
        ),
        (
            "bad-sha1-pss.pem",
            "signature algorithm SHA1WITHRSAANDMGF1 is not supported",
        ),
        (
            "bad-md5.pem",
            "signature algorithm 1.2.840.113549.1.1.4 is not supported",
        ),
        (
            "bad-ed25519.pem",
            "signature algorithm 1.3.101.112 is not supported",
        ),
        (
            "bad-k256.pem",
            "a public key of the kind EC on another curve is not supported",
        ),
        (
            "bad-explicit.pem",
            "a public key of the kind EC on another curve is not supported",
        ),
        ("bad-dsa.pem", "a public key of the kind DSA is not supported"),
    ] {
        assert_eq!(refused(file), reason, "{file}");
    }
    // Every file has its line above.
    assert_eq!(
        files("bad-").iter().filter(|file| file.ends_with(".pem")).count(),
        9
    );
    let key = certificate("bad-ed25519.pem").public_key().clone();
    assert_eq!(key.check(), Err(CertificateError::KeyKind("Ed25519".to_owned())));
}

#[test]
fn keys_and_signatures_are_told_apart() {
    for (file, kind, algorithm) in [
        (
            "good-p256.pem",
            KeyKind::Ec(Curve::P256),
            SignatureAlgorithm::Ecdsa(Hash::Sha256),
        ),
        (
            "good-p384.pem",
            KeyKind::Ec(Curve::P384),
            SignatureAlgorithm::Ecdsa(Hash::Sha256),
        ),
        (
            "good-p521-sha384.pem",
            KeyKind::Ec(Curve::P521),
            SignatureAlgorithm::Ecdsa(Hash::Sha384),
        ),
        (
            "good-rsa3072.pem",
            KeyKind::Rsa { bits: 3072 },
            SignatureAlgorithm::RsaPkcs1(Hash::Sha256),
        ),
        (
            "good-rsa2048-pss-sha512.pem",
            KeyKind::Rsa { bits: 2048 },
            SignatureAlgorithm::RsaPss(Hash::Sha512, 64),
        ),
        (
            "bad-dsa.pem",
            KeyKind::Other("DSA".to_owned()),
            SignatureAlgorithm::DsaSha256,
        ),
    ] {
        let certificate = certificate(file);
        assert_eq!(*certificate.public_key().kind(), kind, "{file}");
        assert_eq!(*certificate.signature_algorithm(), algorithm, "{file}");
    }
    let pss = certificate("good-pss2048.pem");
    assert_eq!(*pss.public_key().kind(), KeyKind::RsaPss { bits: 2048 });
}

#[test]
fn a_long_salt_is_accepted_and_not_verified() {
    let certificate = certificate("odd-pss2048-salt.pem");
    assert_eq!(
        *certificate.signature_algorithm(),
        SignatureAlgorithm::RsaPss(Hash::Sha256, 222)
    );
    assert_eq!(check_client_certificate(&certificate), Ok(()));
    let refused = verify_signed_by(&certificate, &certificate);
    assert!(
        matches!(refused, Err(CertificateError::SignatureAlgorithm(_))),
        "{refused:?}"
    );
}

#[test]
fn a_version_1_certificate_is_read() {
    let certificate = certificate("odd-v1.pem");
    assert_eq!(certificate.version(), 1);
    assert_eq!(certificate.serial_number(), "01");
    assert!(!certificate.is_ca());
    assert_eq!(check_client_certificate(&certificate), Ok(()));
}

#[test]
fn an_unknown_critical_extension_is_passed_over() {
    let certificate = certificate("odd-critical.pem");
    assert_eq!(certificate.subject().common_name(), Some("critical"));
    assert_eq!(check_client_certificate(&certificate), Ok(()));
}

#[test]
fn every_attribute_that_policies_read_is_there_in_order() {
    let certificate = certificate("odd-subject.pem");
    let read: Vec<_> = certificate
        .subject()
        .attributes()
        .iter()
        .map(|attribute| (attribute.kind.aws_name().unwrap_or("-"), attribute.value.as_str()))
        .collect();
    let expected = [
        ("Country", "DE"),
        ("Organization", "Beispiel, GmbH"),
        ("OrganizationalUnit", "one"),
        ("OrganizationalUnit", "two"),
        ("OrganizationalUnit", "three"),
        ("State", "Bayern"),
        ("DistinguishedNameQualifier", "dq"),
        ("SerialNumber", "0042"),
        ("Title", "T"),
        ("Surname", "Sur"),
        ("GivenName", "Given"),
        ("Initials", "I.S."),
        ("Pseudonym", "Pseudo"),
        ("GenerationQualifier", "III"),
        // These two stand in one set.
        ("-", "München"),
        ("CommonName", "Gerät #1"),
        ("-", "a@example.com"),
    ];
    assert_eq!(read, expected);
    assert_eq!(certificate.issuer(), certificate.subject());
    let units: Vec<_> = certificate
        .issuer()
        .values(&NameAttribute::OrganizationalUnit)
        .collect();
    assert_eq!(units, ["one", "two", "three"]);
    // The zero byte in front of a number with its first bit set is no digit of it.
    assert_eq!(certificate.serial_number(), "ff01");
    assert_eq!(certificate.serial_number_decimal(), "65281");
}

#[test]
fn alternative_names_are_read() {
    let certificate = certificate("odd-subject.pem");
    let read: Vec<_> = certificate
        .subject_alternative_names()
        .iter()
        .map(|name| (name.aws_name(), name.value()))
        .collect();
    let read: Vec<_> = read.iter().map(|(kind, value)| (*kind, value.as_str())).collect();
    let expected = [
        ("RFC822Name", "a@example.com"),
        ("DNSName", "a.example.com"),
        ("DNSName", "b.example.com"),
        ("UniformResourceIdentifier", "urn:dev:1"),
        ("IPAddress", "192.0.2.1"),
        ("IPAddress", "2001:db8::1"),
        ("DirectoryName", r"O=Example,CN=inner\, name"),
    ];
    assert_eq!(read, expected);
    let issuer = [AlternativeName::DnsName("ca.example.com".to_owned())];
    assert_eq!(certificate.issuer_alternative_names(), issuer);
}

#[test]
fn many_names_are_cut_and_a_long_certificate_is_read() {
    let many = certificate("odd-many-names.pem");
    assert_eq!(many.subject_alternative_names().len(), 64);
    assert!(certificate("odd-long-value.pem").der().len() > 20_000);
}

#[test]
fn a_chain_verifies_link_by_link() {
    let (ca, intermediate, device) = (
        certificate("ca.pem"),
        certificate("intermediate.pem"),
        certificate("device.pem"),
    );
    assert!(ca.is_ca() && ca.key_usage().unwrap().key_cert_sign);
    assert_eq!(intermediate.basic_constraints().unwrap().path_length, Some(0));
    assert!(!device.is_ca());
    assert_eq!(verify_signed_by(&ca, &ca), Ok(()));
    assert_eq!(verify_signed_by(&intermediate, &ca), Ok(()));
    assert_eq!(verify_signed_by(&device, &intermediate), Ok(()));
    assert_eq!(intermediate.authority_key_id(), ca.subject_key_id());
    assert_eq!(verify_signed_by(&device, &ca), Err(CertificateError::Issuer));
    // The right name with another kind of key; and the right name, the right kind and another key.
    let impostor = certificate("impostor.pem");
    let refused = verify_signed_by(&intermediate, &impostor);
    assert!(
        matches!(refused, Err(CertificateError::SignatureAlgorithm(_))),
        "{refused:?}"
    );
    let twin = certificate("impostor-rsa.pem");
    assert_eq!(
        verify_signed_by(&intermediate, &twin),
        Err(CertificateError::Signature)
    );
}

#[test]
fn a_changed_bit_breaks_the_signature() {
    let ca = certificate("ca.pem");
    let intermediate = certificate("intermediate.pem");
    // The last byte is the signature's, byte 20 the serial number's.
    for at in [20, intermediate.der().len() - 1] {
        let mut der = intermediate.der().to_vec();
        der[at] ^= 1;
        let changed = Certificate::from_der(&der).unwrap();
        assert_eq!(
            verify_signed_by(&changed, &ca),
            Err(CertificateError::Signature),
            "{at}"
        );
        assert_ne!(changed.id(), intermediate.id());
    }
}

#[test]
fn the_id_is_the_hash_of_the_der_however_the_pem_is_wrapped() {
    let plain = certificate("device.pem");
    let wrapped = format!(
        "Bag Attributes\r\n{}{}",
        plain.to_pem().replace('\n', "\r\n"),
        text("ca.pem")
    );
    assert_eq!(Certificate::from_pem(&wrapped).unwrap(), plain);
    assert_eq!(plain.id().to_string().len(), 64);
    assert!(plain.not_before() < plain.not_after());
}

#[test]
fn what_is_no_certificate_is_refused() {
    let der = certificate("device.pem").der().to_vec();
    let read = |bytes: &[u8]| Certificate::from_der(bytes).unwrap_err();
    for length in 0..der.len() {
        assert_eq!(
            read(&der[..length]),
            CertificateError::Malformed("the certificate"),
            "{length}"
        );
    }
    let mut longer = der;
    longer.push(0);
    assert_eq!(read(&longer), CertificateError::Malformed("the certificate"));
    assert!(matches!(
        read(&vec![0x30; 65_537]),
        CertificateError::TooLong { length: 65_537, .. }
    ));
    let request = Certificate::from_pem(&text("request-p256.csr"));
    assert_eq!(request, Err(CertificateError::NoPemBlock("CERTIFICATE")));
}

#[test]
fn requests_are_read() {
    for file in files("request-") {
        let request = request(&file).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(request.subject_to_issue().common_name().is_some(), "{file}");
    }
    let plain = request("request-p256.csr").unwrap();
    assert_eq!(plain, request("request-new.csr").unwrap());
    assert_eq!(plain.subject_to_issue(), *plain.subject());
    assert_eq!(plain.subject().to_string(), "O=Example,CN=p256");
    let unnamed = request("request-no-common-name.csr").unwrap().subject_to_issue();
    assert_eq!(unnamed.to_string(), "C=DE,O=Example,CN=AWS IoT Certificate");
    let empty = request("request-empty.csr").unwrap();
    assert!(empty.subject().is_empty());
    assert_eq!(empty.subject_to_issue().to_string(), "CN=AWS IoT Certificate");
}

#[test]
fn bad_requests_are_refused_with_the_reason() {
    let refused = |file: &str| request(file).unwrap_err().to_string();
    for (file, reason) in [
        (
            "bad-request-rsa1024.csr",
            "an RSA key must have 2048 to 8192 bits, this has 1024",
        ),
        (
            "bad-request-e3.csr",
            "the public key is not acceptable: its exponent is below 65537",
        ),
        (
            "bad-request-pss.csr",
            "a public key of the kind RSA-PSS is not supported",
        ),
        (
            "bad-request-ed25519.csr",
            "a public key of the kind Ed25519 is not supported",
        ),
        (
            "bad-request-k256.csr",
            "a public key of the kind EC on another curve is not supported",
        ),
        (
            "bad-request-sha1.csr",
            "signature algorithm SHA1WITHRSA is not supported",
        ),
    ] {
        assert_eq!(refused(file), reason, "{file}");
    }
    assert_eq!(files("bad-request-").len(), 6);
    let long = CertificateSigningRequest::from_pem(&"x".repeat(4097));
    assert!(matches!(long, Err(CertificateError::TooLong { limit: 4096, .. })));
    let certificate = CertificateSigningRequest::from_pem(&text("device.pem"));
    assert_eq!(
        certificate,
        Err(CertificateError::NoPemBlock("CERTIFICATE REQUEST"))
    );
}

#[test]
fn certificates_of_authorities_are_told_from_others() {
    for file in files("authority-") {
        assert_eq!(check_ca_certificate(&certificate(&file)), Ok(()), "{file}");
    }
    for file in ["ca.pem", "intermediate.pem"] {
        assert_eq!(check_ca_certificate(&certificate(file)), Ok(()), "{file}");
    }
    let none =
        "it is not the certificate of a certificate authority: it has no basicConstraints that say CA:TRUE";
    for (file, reason) in [
        ("no-authority-leaf.pem", none),
        ("device.pem", none),
        // Version 1 has no extensions.
        ("odd-v1.pem", none),
        (
            "no-authority-no-sign.pem",
            "it is not the certificate of a certificate authority: its keyUsage lacks keyCertSign",
        ),
        (
            "no-authority-rsa1024.pem",
            "an RSA key must have 2048 to 8192 bits, this has 1024",
        ),
        (
            "no-authority-k256.pem",
            "a public key of the kind EC on another curve is not supported",
        ),
        (
            "no-authority-ed25519.pem",
            "a public key of the kind Ed25519 is not supported",
        ),
        (
            "no-authority-md5.pem",
            "signature algorithm 1.2.840.113549.1.1.4 is not supported",
        ),
    ] {
        let refused = check_ca_certificate(&certificate(file)).unwrap_err();
        assert_eq!(refused.to_string(), reason, "{file}");
    }
    assert_eq!(files("no-authority-").len(), 6);
}

#[test]
fn an_authority_that_did_not_sign_itself_is_refused() {
    let mut der = certificate("authority-p256.pem").der().to_vec();
    // A bit of the signature.
    let at = der.len() - 3;
    der[at] ^= 1;
    let changed = Certificate::from_der(&der).unwrap();
    assert_eq!(check_ca_certificate(&changed), Err(CertificateError::Signature));
}
