//! Saying how many devices carry a claim.

use thingsmith_model::CertificateId;
use thingsmith_ports::Batch;

use super::allow_list::check_batch;
use super::{ClaimLimit, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::Tries;
use crate::{Deeds, Fault};

/// Says how many devices carry a claim, in the place of what was said before. The claim need not be registered yet: the
/// number may be known before the certificate is.
///
/// # Errors
/// `InvalidRequestException` for no device at all, and for a batch whose name is empty or too long.
pub async fn limit(deeds: &Deeds, realm: &RealmRecord, limit: &ClaimLimit) -> Result<(), Fault> {
    if limit.devices < 1 {
        return Err(Fault::invalid(format!(
            "devices is {}; it must be at least 1.",
            limit.devices
        )));
    }
    if let Some(batch) = &limit.batch {
        check_batch(batch)?;
    }
    change(deeds, realm, |batch| rows::set_limit(batch, realm.realm, limit)).await
}

/// Forgets the limit of a claim; what was counted stays.
///
/// # Errors
/// When the store fails.
pub async fn unlimit(deeds: &Deeds, realm: &RealmRecord, claim: &CertificateId) -> Result<(), Fault> {
    change(deeds, realm, |batch| {
        rows::delete_limit(batch, realm.realm, claim)
    })
    .await
}

/// Sends a batch that says the same however often it is sent.
async fn change(deeds: &Deeds, realm: &RealmRecord, steps: impl Fn(&mut Batch)) -> Result<(), Fault> {
    let (tries, number) = (Tries::default(), deeds.number().await?);
    tries
        .change(deeds.store(), || {
            let mut batch = Batch::new();
            steps(&mut batch);
            deeds.commit_change(batch, realm.realm, Change::Unseen(number), &tries)
        })
        .await
}
