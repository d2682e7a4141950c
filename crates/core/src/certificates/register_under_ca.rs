//! Registering a certificate that a registered CA signed.

use thingsmith_model::{CertificateId, CertificateMode, CertificateStatus};
use thingsmith_ports::Batch;
use thingsmith_x509::{CertificateError, check_client_certificate};

use super::register::commit_registration;
use super::update::settable;
use super::{Certificate, rows};
use crate::ca_certificates::{self, find_signer};
use crate::fault::sentence;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Registers a certificate under the registered CA certificate that signed it, whose mode it takes. `ca` is that CA
/// certificate as PEM; without it the certificate's issuer says which one it is.
///
/// # Errors
/// `CertificateValidationException` for what is no certificate, is signed in a way or has a key that AWS does not take, or
/// is not signed by a registered CA; `CertificateConflictException` when several could have signed it;
/// `CertificateStateException` when the CA certificate is not active; `ResourceAlreadyExistsException` when the account has
/// the certificate; `InvalidRequestException` for a status that only AWS itself gives.
pub async fn register_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    pem: &str,
    ca: Option<&str>,
    status: CertificateStatus,
) -> Result<Certificate, Fault> {
    let status = settable("status", status)?;
    let read = |member: &'static str, pem: &str| {
        thingsmith_x509::Certificate::from_pem(pem).map_err(|cause| wrong(member, &cause))
    };
    let certificate = read("certificatePem", pem)?;
    check_client_certificate(&certificate).map_err(|cause| wrong("certificatePem", &cause))?;
    let ca = ca
        .map(|pem| read("caCertificatePem", pem))
        .transpose()?
        .map(|ca| ca.id());
    let record = Certificate::record(deeds, &certificate, status, CertificateMode::Default).await?;
    let tries = Tries::default();
    loop {
        let outcome = register_once(deeds, realm, &certificate, ca.as_ref(), record.clone()).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn register_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: &thingsmith_x509::Certificate,
    ca: Option<&CertificateId>,
    mut record: Certificate,
) -> Result<Certificate, Attempt> {
    // This very registration, whose commit was not answered: its CA may have changed since.
    if let Some(existing) = rows::find(deeds.store(), realm.realm, &record.id).await?
        && existing.number == record.number
    {
        return Ok(existing);
    }
    let signer = find_signer(deeds, realm, certificate, ca).await?;
    record.mode = signer.mode;
    record.ca = Some(signer.id);
    let mut batch = Batch::new();
    ca_certificates::rows::hold_active(&mut batch, realm.realm, signer.number);
    rows::insert(&mut batch, realm.realm, &record);
    commit_registration(deeds, realm, batch, record).await
}

fn wrong(member: &str, cause: &CertificateError) -> Fault {
    Fault::new(
        Code::CertificateValidation,
        format!("{member}: {}", sentence(cause)),
    )
}
