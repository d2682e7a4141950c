//! Deleting a role.

use thingsmith_ports::Batch;

use super::{not_found, rows};
use crate::iam::{self, conflict};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Deletes a role without policies. Its sessions end with it.
///
/// # Errors
/// `NoSuchEntityException` when there is none of this name, `DeleteConflictException` while it has policies.
pub async fn delete_role(deeds: &Deeds, realm: &RealmRecord, name: &str) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, &tries))
        .await
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, name: &str, tries: &Tries) -> Result<(), Attempt> {
    let role = rows::find(deeds.store(), realm.realm, &iam::folded(name))
        .await?
        .ok_or_else(|| not_found(name))?;
    let burden = rows::burden(deeds.store(), realm.realm, role.number).await?;
    if burden.attached {
        return Err(conflict("Cannot delete entity, must detach all policies first.").into());
    }
    if burden.inline {
        return Err(conflict("Cannot delete entity, must delete policies first.").into());
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, role.number);
    deeds
        .commit_change(batch, realm.realm, Change::Identity(role.number), tries)
        .await
}
