//! Finding the CA certificate that signed a certificate.

use thingsmith_model::{CaCertificateStatus, CertificateId};
use thingsmith_x509::{Certificate, CertificateError, verify_signed_by};

use super::{CaCertificate, rows, subject_digest};
use crate::fault::sentence;
use crate::realms::RealmRecord;
use crate::{Code, Deeds, Fault};

/// The active CA certificate of the realm that signed a certificate. `given` is the one that the caller names.
///
/// # Errors
/// `CertificateValidationException` when none is registered that signed it, `CertificateConflictException` when more than
/// one could have and none is given, `CertificateStateException` when it is not active.
pub(crate) async fn find_signer(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: &Certificate,
    given: Option<&CertificateId>,
) -> Result<CaCertificate, Fault> {
    let invalid = |message: String| Fault::new(Code::CertificateValidation, message);
    let candidates = match given {
        Some(id) => {
            let found = rows::find(deeds.store(), realm.realm, id).await?;
            vec![found.ok_or_else(|| {
                invalid(format!(
                    "caCertificatePem: CA certificate {id} is not registered."
                ))
            })?]
        }
        None => rows::by_subject(deeds.store(), realm.realm, &subject_digest(certificate.issuer())).await?,
    };
    let mut cause = None;
    let mut signers = Vec::new();
    for candidate in candidates {
        match signed(certificate, &candidate) {
            Ok(()) => signers.push(candidate),
            Err(wrong) => cause = Some(wrong),
        }
    }
    let signer = match (signers.pop(), signers.pop(), cause) {
        (Some(_), Some(_), _) => {
            return Err(Fault::new(
                Code::CertificateConflict,
                "More than one registered CA certificate has the subject and the key that signed certificatePem; \
                 caCertificatePem says which one is meant.",
            ));
        }
        (Some(only), None, _) => only,
        (None, _, Some(cause)) => return Err(invalid(format!("certificatePem: {}", sentence(&cause)))),
        (None, _, None) => {
            return Err(invalid(
                "certificatePem: No CA certificate with the name of its issuer is registered.".into(),
            ));
        }
    };
    if signer.status != CaCertificateStatus::Active {
        return Err(Fault::new(
            Code::CertificateState,
            format!("CA certificate {} is {}.", signer.id, signer.status.as_str()),
        ));
    }
    Ok(signer)
}

fn signed(certificate: &Certificate, candidate: &CaCertificate) -> Result<(), CertificateError> {
    verify_signed_by(certificate, &Certificate::from_der(&candidate.der)?)
}
