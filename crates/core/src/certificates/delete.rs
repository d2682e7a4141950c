//! Deleting a certificate.

use thingsmith_model::{CertificateId, CertificateStatus};
use thingsmith_ports::{Batch, Hold};

use super::{not_found, rows};
use crate::outbox::Change;
use crate::policies;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Deletes a certificate. `force` also detaches its policies.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such certificate, `CertificateStateException` while it is active or on its
/// way to another account, `DeleteConflictException` while a thing, or without `force` a policy, is attached to it.
pub async fn delete_certificate(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    force: bool,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, id, force, &tries))
        .await
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    id: &CertificateId,
    force: bool,
    tries: &Tries,
) -> Result<(), Attempt> {
    let Some(before) = rows::find(deeds.store(), realm.realm, id).await? else {
        return Err(not_found(id).into());
    };
    if matches!(
        before.status,
        CertificateStatus::Active | CertificateStatus::PendingTransfer
    ) {
        return Err(Fault::new(
            Code::CertificateState,
            format!(
                "Certificate must be deactivated (not {}) before deletion. Id: {id}",
                before.status
            ),
        )
        .into());
    }
    let (things, attached_policies) = rows::attachments(deeds.store(), realm.realm, before.number).await?;
    let conflict = |what: &str| {
        let arn = before.arn(realm);
        Fault::new(
            Code::DeleteConflict,
            format!("{what} must be detached before deletion (arn: {arn})"),
        )
    };
    if things {
        return Err(conflict("Things").into());
    }
    if attached_policies && !force {
        return Err(conflict("Certificate policies").into());
    }
    let mut batch = Batch::new();
    rows::hold(&mut batch, realm.realm, before.number, Hold::Exclusive);
    if force {
        policies::rows::detach_all(&mut batch, realm.realm, before.number);
    }
    rows::delete(&mut batch, realm.realm, &before);
    deeds
        .commit_change(batch, realm.realm, Change::Certificate(before.number), tries)
        .await
}
