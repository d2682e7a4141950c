//! Changing and deleting a destination.

use thingsmith_model::Realm;
use thingsmith_ports::Batch;

use super::{Confirmation, Status, destination, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Enables or disables a destination, or begins its confirmation anew with another token.
///
/// # Errors
/// `UnauthorizedException` when it is not there; `InvalidRequestException` for a status that nobody sets, and for enabling
/// one that was never confirmed.
pub async fn update_destination(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    status: &str,
) -> Result<(), Fault> {
    let wanted = Status::named(status).filter(|status| *status != Status::Error);
    let wanted = wanted.ok_or_else(|| {
        Fault::invalid(format!(
            "status {status} cannot be set; ENABLED, DISABLED and IN_PROGRESS can."
        ))
    })?;
    let tries = Tries::default();
    loop {
        let mut confirmation = None;
        let outcome = update_once(deeds, realm, arn, wanted, &mut confirmation, &tries).await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            if let Some(confirmation) = confirmation {
                deeds.rules().confirm(deeds, realm, confirmation);
            }
            return Ok(done);
        }
    }
}

async fn update_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    wanted: Status,
    confirmation: &mut Option<Confirmation>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = destination(deeds, realm, arn).await?;
    if wanted == Status::Enabled && !found.confirmed {
        return Err(Fault::invalid(format!(
            "The destination {arn} was never confirmed, and cannot be enabled."
        ))
        .into());
    }
    let mut batch = Batch::new();
    let now = deeds.clock().now();
    if wanted == Status::InProgress {
        let new = Confirmation::new(deeds, realm, &found);
        rows::begin_confirmation(&mut batch, realm.realm, found.number, &new.hash(), now);
        *confirmation = Some(new);
    } else {
        rows::set_status(&mut batch, realm.realm, found.number, (wanted, None), now);
    }
    let change = Change::Unseen(found.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// Deletes a destination. HTTP actions that need it fail from now on.
///
/// # Errors
/// `UnauthorizedException` when it is not there.
pub async fn delete_destination(deeds: &Deeds, realm: &RealmRecord, arn: &str) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, arn, &tries))
        .await
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, arn: &str, tries: &Tries) -> Result<(), Attempt> {
    let found = destination(deeds, realm, arn).await?;
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, found.number);
    let change = Change::Unseen(found.number);
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// Writes down that a token could not be sent, unless another was made or it came back meanwhile.
pub(crate) async fn confirmation_failed(
    deeds: &Deeds,
    realm: Realm,
    (number, token_hash): (i64, &[u8]),
    reason: &str,
) -> Result<(), Fault> {
    let tries = Tries::default();
    loop {
        let mut batch = Batch::new();
        let now = deeds.clock().now();
        rows::fail_confirmation(&mut batch, realm, (number, token_hash), reason, now);
        // Harmless when done twice.
        let outcome = deeds.commit(batch).await.map(drop).map_err(Attempt::from);
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}
