//! Certificates that no tool makes.

use proptest::prelude::*;

use super::*;
use crate::CertificateSigningRequest;
use crate::der::element;

const DEVICE: &str = include_str!("../../../../testdata/certificates/device.pem");
const ODD: &str = include_str!("../../../../testdata/certificates/odd-subject.pem");
const REQUEST: &str = include_str!("../../../../testdata/certificates/request-ca.csr");

/// The device's certificate with these extensions instead of its own. Its signature is no longer any good.
fn with_extensions(extensions: &[&[u8]]) -> Vec<u8> {
    let device = Certificate::from_pem(DEVICE).unwrap();
    let mut fields = Reader::inside(&device.to_be_signed, der::SEQUENCE).unwrap();
    let version = element(der::constructed(0), &[&element(der::INTEGER, &[&[2]])]);
    let mut parts = vec![version.as_slice()];
    fields.optional(der::constructed(0));
    (0..6).for_each(|_| parts.push(fields.next().unwrap().whole));
    let extensions = element(der::constructed(3), &[&element(der::SEQUENCE, extensions)]);
    parts.push(&extensions);
    let to_be_signed = element(der::SEQUENCE, &parts);
    let mut outer = Reader::inside(&device.der, der::SEQUENCE).unwrap();
    outer.next();
    let (algorithm, signature) = (outer.next().unwrap().whole, outer.next().unwrap().whole);
    element(der::SEQUENCE, &[&to_be_signed, algorithm, signature])
}

fn extension(last: u8, value: &[u8]) -> Vec<u8> {
    let oid = element(der::OBJECT_IDENTIFIER, &[&[0x55, 0x1d, last]]);
    element(der::SEQUENCE, &[&oid, &element(der::OCTET_STRING, &[value])])
}

#[test]
fn ten_thousand_names_cost_no_more_than_sixty_four() {
    let names = [0x82, 1, b'a'].repeat(10_000);
    let certificate = Certificate::from_der(&with_extensions(&[&extension(
        17,
        &element(der::SEQUENCE, &[&names]),
    )]));
    assert_eq!(certificate.unwrap().subject_alternative_names().len(), 64);
}

#[test]
fn a_repeated_extension_is_refused() {
    let constraints = extension(19, &element(der::SEQUENCE, &[]));
    let once = Certificate::from_der(&with_extensions(&[&constraints])).unwrap();
    assert_eq!(
        once.basic_constraints().map(|constraints| constraints.ca),
        Some(false)
    );
    let twice = with_extensions(&[&constraints, &constraints]);
    assert_eq!(
        Certificate::from_der(&twice),
        Err(CertificateError::RepeatedExtension)
    );
}

#[test]
fn an_extension_that_matters_must_be_readable() {
    for (last, value) in [(19, &[0x05, 0][..]), (15, &[4, 1]), (17, &[2, 1, 1]), (14, &[])] {
        let der = with_extensions(&[&extension(last, value)]);
        assert!(
            matches!(Certificate::from_der(&der), Err(CertificateError::Malformed(_))),
            "{last}"
        );
    }
    // One that nobody here reads may be anything.
    assert!(Certificate::from_der(&with_extensions(&[&extension(31, &[0x05, 0])])).is_ok());
}

#[test]
fn what_stands_between_extensions_is_not_passed_over() {
    let constraints = extension(19, &element(der::SEQUENCE, &[]));
    for wrong in [&element(der::SEQUENCE, &[])[..], &[5, 0]] {
        let der = with_extensions(&[&constraints, wrong, &extension(15, &[3, 2, 7, 0x80])]);
        assert!(matches!(
            Certificate::from_der(&der),
            Err(CertificateError::Malformed(_))
        ));
    }
    let many: Vec<Vec<u8>> = (100..165).map(|last| extension(last, &[5, 0])).collect();
    let many: Vec<&[u8]> = many.iter().map(Vec::as_slice).collect();
    assert!(matches!(
        Certificate::from_der(&with_extensions(&many)),
        Err(CertificateError::Malformed(_))
    ));
}

#[test]
fn the_two_algorithms_must_agree() {
    let device = Certificate::from_pem(DEVICE).unwrap();
    let mut der = device.der.clone();
    // ecdsa-with-SHA384 becomes ecdsa-with-SHA512 outside the signed part.
    let oid = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x03];
    let at = der.windows(8).rposition(|window| window == oid).unwrap();
    der[at + 7] = 4;
    assert_eq!(
        Certificate::from_der(&der),
        Err(CertificateError::AlgorithmsDiffer)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn nothing_makes_the_reader_panic(input in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Certificate::from_der(&input).is_err());
        prop_assert!(CertificateSigningRequest::from_der(&input).is_err());
    }

    #[test]
    fn nothing_near_a_certificate_makes_the_reader_panic(
        text in prop::sample::select(vec![DEVICE, ODD]),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let whole = Certificate::from_pem(text).unwrap();
        let mut der = whole.der.clone();
        changes.iter().for_each(|(at, byte)| der[at.index(whole.der.len())] = *byte);
        if let Ok(changed) = Certificate::from_der(&der) {
            // Whatever is read can be asked for everything.
            let text = format!("{changed:?} {} {}", changed.serial_number(), changed.subject());
            prop_assert!(!text.is_empty());
            prop_assert_eq!(changed.der == whole.der, changed.id == whole.id);
            let _ = check_client_certificate(&changed);
            // One of the two signed itself, and a change may be none.
            let unchanged_and_own = changed.der == whole.der && whole.issuer == whole.subject;
            prop_assert_eq!(verify_signed_by(&changed, &whole).is_ok(), unchanged_and_own);
        }
    }

    #[test]
    fn nothing_near_a_request_is_accepted(at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let mut der = pem::decode(REQUEST, &["CERTIFICATE REQUEST"], 4096).unwrap();
        let at = at.index(der.len());
        der[at] ^= 1 << bit;
        prop_assert!(CertificateSigningRequest::from_der(&der).is_err());
    }
}
