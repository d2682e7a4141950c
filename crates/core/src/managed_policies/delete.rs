//! Deleting a managed policy.

use thingsmith_ports::Batch;

use super::{find_own, rows};
use crate::iam::conflict;
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// Deletes a managed policy that is attached to nothing and has no version but its default.
///
/// # Errors
/// `InvalidInputException` for what is no policy's ARN, `NoSuchEntityException`, `DeleteConflictException` while it is
/// attached or has other versions.
pub async fn delete_policy(deeds: &Deeds, realm: &RealmRecord, arn: &str) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, arn, &tries))
        .await
}

async fn delete_once(deeds: &Deeds, realm: &RealmRecord, arn: &str, tries: &Tries) -> Result<(), Attempt> {
    let policy = find_own(deeds, realm, arn).await?;
    if rows::attachments(deeds.store(), realm.realm, policy.number).await? > 0 {
        return Err(conflict("Cannot delete a policy attached to entities.").into());
    }
    if rows::versions(deeds.store(), realm.realm, policy.number)
        .await?
        .len()
        > 1
    {
        return Err(conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. \
             The default version is deleted with the policy.",
        )
        .into());
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, policy.number);
    deeds
        .commit_change(batch, realm.realm, Change::Identity(policy.number), tries)
        .await
}
