//! Deleting a user.

use thingsmith_ports::Batch;

use super::{not_found, rows};
use crate::iam::{self, conflict};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Deletes a user without access keys and policies.
///
/// # Errors
/// `NoSuchEntityException` when there is none of this name, `DeleteConflictException` while it has keys or policies.
pub async fn delete_user(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, &tries))
        .await
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, name: &str, tries: &Tries) -> Result<(), Attempt> {
    let user = rows::find(deeds.store(), realm.realm, &iam::folded(name))
        .await?
        .ok_or_else(|| not_found(name))?;
    let burden = rows::burden(deeds.store(), realm.realm, user.number).await?;
    if burden.keys {
        return Err(conflict("Cannot delete entity, must delete access keys first.").into());
    }
    if burden.attached {
        return Err(conflict("Cannot delete entity, must detach all policies first.").into());
    }
    if burden.inline {
        return Err(conflict("Cannot delete entity, must delete policies first.").into());
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, user.number);
    deeds
        .commit_change(batch, realm.realm, Change::Identity(user.number), tries)
        .await
}
