//! Finding the registered CA certificate under which a certificate is registered just in time.

use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateId, Timestamp};
use thingsmith_x509::{Certificate, CertificateError, check_client_certificate, verify_signed_by};

use crate::ca_certificates::CaCertificate;
use crate::connections::Because;

/// Refuses a certificate that could not be registered whoever signed it.
pub(super) fn check_fit(certificate: &Certificate) -> Result<(), Because> {
    // Else the CA certificate itself, which everybody may have seen, would register where its key is at hand.
    if certificate.is_ca() {
        return Err(Because::Authority);
    }
    check_client_certificate(certificate).map_err(Because::Unfit)
}

/// Of the CA certificates with the name of its issuer, the one that signed the certificate and under which it may be
/// registered. There may be several with one key, a renewed one beside the old: the one that the device sent comes first,
/// then those that the certificate's key identifier names, then the newest.
pub(super) fn choose(
    mut candidates: Vec<CaCertificate>,
    certificate: &Certificate,
    sent: Option<&CertificateId>,
    now: Timestamp,
) -> Result<CaCertificate, Because> {
    let mut wrong = None;
    let mut read = Vec::with_capacity(candidates.len());
    for candidate in candidates.drain(..) {
        match usable(&candidate, now) {
            // What cannot be used is not worth the cost of its signature.
            Err(because) => wrong = Some(because),
            Ok(()) => match Certificate::from_der(&candidate.der) {
                Ok(authority) => read.push((candidate, authority)),
                Err(cause) => wrong = Some(Because::NotSigned(cause)),
            },
        }
    }
    let named = certificate.authority_key_id();
    read.sort_by_key(|(candidate, authority)| {
        let is_named = named.is_some() && authority.subject_key_id() == named;
        let is_sent = sent == Some(&candidate.id);
        std::cmp::Reverse((is_sent, is_named, candidate.number))
    });
    for (candidate, authority) in read {
        match verify_signed_by(certificate, &authority) {
            Ok(()) => return Ok(candidate),
            Err(cause) => wrong = Some(Because::NotSigned(cause)),
        }
    }
    Err(wrong.unwrap_or(Because::NotSigned(CertificateError::Issuer)))
}

/// Whether certificates are registered under a CA certificate when they are first shown.
pub(super) fn usable(ca: &CaCertificate, now: Timestamp) -> Result<(), Because> {
    if ca.status != CaCertificateStatus::Active {
        return Err(Because::AuthorityInactive(ca.id));
    }
    if ca.auto_registration != AutoRegistrationStatus::Enable {
        return Err(Because::AutoRegistrationOff(ca.id));
    }
    if now < ca.not_before || ca.not_after < now {
        return Err(Because::AuthorityNotValid(ca.id));
    }
    Ok(())
}
