//! Registering a certificate because its holder connects.

use thingsmith_model::{AutoRegistrationStatus, CaCertificateStatus, CertificateStatus};
use thingsmith_ports::Batch;

use super::{Certificate, rows};
use crate::ca_certificates::{self, CaCertificate};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// What registering just in time came to.
pub(crate) enum Registration {
    /// It was registered now.
    Made(Certificate),
    /// Somebody else was faster.
    Found(Certificate),
}

/// The record of a certificate as it is registered because its holder connects: PENDING_ACTIVATION, under the CA certificate
/// that signed it, whose mode it takes.
///
/// # Errors
/// When the store fails.
pub(crate) async fn record_just_in_time(
    deeds: &Deeds,
    certificate: &thingsmith_x509::Certificate,
    signer: &CaCertificate,
) -> Result<Certificate, Fault> {
    let status = CertificateStatus::PendingActivation;
    let mut record = Certificate::record(deeds, certificate, status, signer.mode).await?;
    record.ca = Some(signer.id);
    Ok(record)
}

/// Registers a certificate, as [`record_just_in_time`] has it, under the CA certificate that signed it.
///
/// # Errors
/// `CertificateStateException` when the CA certificate is not active any more or registers nothing automatically.
pub(crate) async fn register_just_in_time(
    deeds: &Deeds,
    realm: &RealmRecord,
    record: &Certificate,
    signer: &CaCertificate,
) -> Result<Registration, Fault> {
    let tries = Tries::default();
    loop {
        let outcome = register_once(deeds, realm, record, signer).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn register_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    record: &Certificate,
    signer: &CaCertificate,
) -> Result<Registration, Attempt> {
    let mut batch = Batch::new();
    ca_certificates::rows::hold_auto_registering(&mut batch, realm.realm, signer.number);
    rows::insert(&mut batch, realm.realm, record);
    let error = match deeds.commit(batch).await {
        Ok(_) => return Ok(Registration::Made(record.clone())),
        Err(error) => error,
    };
    match rows::find(deeds.store(), realm.realm, &record.id).await? {
        // This very registration, whose commit was not answered.
        Some(existing) if existing.number == record.number => return Ok(Registration::Made(existing)),
        Some(existing) => return Ok(Registration::Found(existing)),
        None => {}
    }
    let found = ca_certificates::rows::find(deeds.store(), realm.realm, &signer.id).await?;
    let registers = found.is_some_and(|ca| {
        ca.number == signer.number
            && ca.status == CaCertificateStatus::Active
            && ca.auto_registration == AutoRegistrationStatus::Enable
    });
    if registers {
        return Err(error.into());
    }
    Err(Fault::new(
        Code::CertificateState,
        "The CA certificate is not active any more, or registers nothing automatically any more.",
    )
    .into())
}
