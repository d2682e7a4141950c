//! Registering a certificate that somebody else issued, whose CA is not registered.

use thingsmith_model::{CertificateMode, CertificateStatus};
use thingsmith_ports::{Batch, StoreError};
use thingsmith_x509::check_client_certificate;

use super::update::settable;
use super::{Certificate, rows};
use crate::fault::sentence;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Registers a certificate without looking at who signed it. Other accounts may register it too; the server name (SNI)
/// of a connection chooses.
///
/// # Errors
/// `CertificateValidationException` for what is no certificate, is signed in a way or has a key that AWS does not take;
/// `ResourceAlreadyExistsException` when the account has it; `InvalidRequestException` for a status that only AWS itself
/// gives.
pub async fn register_certificate_without_ca(
    deeds: &Deeds,
    realm: &RealmRecord,
    pem: &str,
    status: CertificateStatus,
) -> Result<Certificate, Fault> {
    let status = settable("status", status)?;
    let wrong = |wrong| {
        Fault::new(
            Code::CertificateValidation,
            format!("certificatePem: {}", sentence(&wrong)),
        )
    };
    let read = thingsmith_x509::Certificate::from_pem(pem).map_err(wrong)?;
    check_client_certificate(&read).map_err(wrong)?;
    let certificate = Certificate::record(deeds, &read, status, CertificateMode::SniOnly).await?;
    let tries = Tries::default();
    loop {
        let outcome = register_once(deeds, realm, &certificate).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn register_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    certificate: &Certificate,
) -> Result<Certificate, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, certificate);
    commit_registration(deeds, realm, batch, certificate.clone()).await
}

/// Sends the batch that adds a certificate, and says why it did not if the realm has it.
pub(super) async fn commit_registration(
    deeds: &Deeds,
    realm: &RealmRecord,
    batch: Batch,
    certificate: Certificate,
) -> Result<Certificate, Attempt> {
    match deeds.commit(batch).await {
        Ok(_) => return Ok(certificate),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    match rows::find(deeds.store(), realm.realm, &certificate.id).await? {
        // Deleted in between.
        None => Err(StoreError::Guard(0).into()),
        // This very registration, whose commit was not answered.
        Some(existing) if existing.number == certificate.number => Ok(existing),
        Some(existing) => Err(Fault::new(
            Code::ResourceAlreadyExists,
            "The certificate is already provisioned or registered",
        )
        .with("resourceId", existing.id)
        .with("resourceArn", existing.arn(realm))
        .into()),
    }
}
