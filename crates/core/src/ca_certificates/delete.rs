//! Deleting a CA certificate.

use thingsmith_model::{CaCertificateStatus, CertificateId};
use thingsmith_ports::{Batch, Hold};

use super::{not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Deletes a CA certificate that is not active. Certificates that were registered under it stay as they are.
///
/// # Errors
/// `ResourceNotFoundException` when it is not there, `CertificateStateException` while it is active.
pub async fn delete_ca_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, id, &tries))
        .await
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    if before.status == CaCertificateStatus::Active {
        return Err(Fault::new(
            Code::CertificateState,
            format!("CA certificate must be deactivated (not ACTIVE) before deletion. Id: {id}"),
        )
        .into());
    }
    let mut batch = Batch::new();
    // Always the subject before the CA certificate, so that two batches never wait for each other.
    rows::count_down(&mut batch, realm.realm, &before.subject);
    rows::hold(&mut batch, realm.realm, before.number, Hold::Exclusive);
    rows::delete(&mut batch, realm.realm, &before);
    tags::rows::delete_all(&mut batch, realm.realm, before.number);
    deeds
        .commit_change(batch, realm.realm, Change::CaCertificate(before.number), tries)
        .await
}
