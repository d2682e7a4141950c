//! Certificates and signing requests, as DER and as PEM.

#![no_main]

use thingsmith_x509::{Certificate, CertificateSigningRequest, check_client_certificate, verify_signed_by};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = std::str::from_utf8(data).ok();
    let certificates = [
        Certificate::from_der(data).ok(),
        text.and_then(|text| Certificate::from_pem(text).ok()),
    ];
    for certificate in certificates.into_iter().flatten() {
        assert_eq!(
            Certificate::from_pem(&certificate.to_pem()).as_ref(),
            Ok(&certificate)
        );
        assert!(certificate.subject_alternative_names().len() <= 64);
        certificate
            .subject_alternative_names()
            .iter()
            .for_each(|name| drop(name.value()));
        let _ = (certificate.serial_number(), certificate.subject().to_string());
        let _ = (
            check_client_certificate(&certificate),
            verify_signed_by(&certificate, &certificate),
        );
    }
    let requests = [
        CertificateSigningRequest::from_der(data).ok(),
        text.and_then(|text| CertificateSigningRequest::from_pem(text).ok()),
    ];
    for request in requests.into_iter().flatten() {
        assert!(request.subject_to_issue().common_name().is_some());
    }
});
