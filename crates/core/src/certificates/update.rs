//! Changing a certificate's status.

use thingsmith_model::{CertificateId, CertificateStatus};
use thingsmith_ports::Batch;

use super::{not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Gives a certificate another status. Giving it the status that it has changes nothing.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such certificate, `InvalidRequestException` for a status that only AWS
/// itself gives, `CertificateStateException` when the certificate is revoked or on its way to another account.
pub async fn update_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    status: CertificateStatus,
) -> Result<(), Fault> {
    let status = settable("newStatus", status)?;
    let tries = Tries::default();
    tries
        .change(deeds.store(), || update_once(deeds, realm, id, status, &tries))
        .await
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    status: CertificateStatus,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = rows::find(deeds.store(), realm.realm, id)
        .await?
        .ok_or_else(|| not_found(id))?;
    if before.status == status {
        return Ok(());
    }
    match before.status {
        CertificateStatus::Revoked | CertificateStatus::PendingTransfer => {
            return Err(Fault::new(
                Code::CertificateState,
                format!(
                    "Certificate {id} is {} and cannot become {status}.",
                    before.status
                ),
            )
            .into());
        }
        CertificateStatus::Active
        | CertificateStatus::Inactive
        | CertificateStatus::RegisterInactive
        | CertificateStatus::PendingActivation => {}
    }
    let mut batch = Batch::new();
    rows::update_status(
        &mut batch,
        realm.realm,
        &before,
        status,
        deeds.clock().now(),
        deeds.uuid(),
    );
    deeds
        .commit_change(batch, realm.realm, Change::Certificate(before.number), tries)
        .await
}

/// The status that a caller may give: the pending ones are AWS's own, and REGISTER_INACTIVE is an old way to write
/// INACTIVE.
pub(super) fn settable(member: &str, status: CertificateStatus) -> Result<CertificateStatus, Fault> {
    match status {
        CertificateStatus::Active | CertificateStatus::Inactive | CertificateStatus::Revoked => Ok(status),
        CertificateStatus::RegisterInactive => Ok(CertificateStatus::Inactive),
        CertificateStatus::PendingTransfer | CertificateStatus::PendingActivation => Err(Fault::invalid(
            format!("{member} cannot be {status}: use ACTIVE, INACTIVE or REVOKED."),
        )),
    }
}
