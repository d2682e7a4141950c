//! What a certificate must be to be registered as that of a certificate authority.

use crate::{Certificate, CertificateError, verify_signed_by};

/// Checks that a certificate can be registered as that of a certificate authority: basicConstraints say so (which version
/// 1 cannot), keyUsage, if it is there, lets it sign certificates, its key is of a kind and a strength that AWS takes,
/// and its own signature is. A signature with SHA-1 passes, as AWS was seen to take it: nobody trusts an authority for
/// its own signature. Times are no matter here.
///
/// # Errors
/// [`CertificateError::Authority`], what [`crate::PublicKey::check`] finds wrong, [`CertificateError::SignatureAlgorithm`],
/// or [`CertificateError::Signature`] for one that says it signed itself and did not.
pub fn check_ca_certificate(certificate: &Certificate) -> Result<(), CertificateError> {
    if !certificate.is_ca() {
        return Err(CertificateError::Authority(
            "it has no basicConstraints that say CA:TRUE",
        ));
    }
    if certificate.key_usage().is_some_and(|usage| !usage.key_cert_sign) {
        return Err(CertificateError::Authority("its keyUsage lacks keyCertSign"));
    }
    certificate.public_key().check()?;
    let algorithm = certificate.signature_algorithm();
    if algorithm.is_sha1() {
        return Ok(());
    }
    algorithm.check()?;
    // An intermediate may have the very name of its issuer; then the keys that it names differ.
    let self_signed = certificate.issuer().der() == certificate.subject().der()
        && certificate
            .authority_key_id()
            .is_none_or(|id| certificate.subject_key_id() == Some(id));
    match verify_signed_by(certificate, certificate) {
        Err(CertificateError::Signature) if self_signed => Err(CertificateError::Signature),
        // Some algorithms on AWS's list are not verified here, as RSASSA-PSS with a long salt.
        _ => Ok(()),
    }
}
