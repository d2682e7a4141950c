//! Deleting a policy.

use thingsmith_model::PolicyName;
use thingsmith_ports::Batch;

use super::{not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tags;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Deletes a policy that is attached to nothing and has no version but its default.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such policy, `DeleteConflictException` while it is attached or has other
/// versions.
pub async fn delete_policy(deeds: &Deeds, realm: &RealmRecord, name: &PolicyName) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || delete_once(deeds, realm, name, &tries))
        .await
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    tries: &Tries,
) -> Result<(), Attempt> {
    let Some(policy) = rows::find(deeds.store(), realm.realm, name).await? else {
        return Err(not_found(name).into());
    };
    let (attached, versions) = rows::burden(deeds.store(), realm.realm, policy.number).await?;
    let conflict = |message: String| Attempt::from(Fault::new(Code::DeleteConflict, message));
    if attached {
        return Err(conflict(format!(
            "The policy cannot be deleted as the policy is attached to one or more principals (name={name})"
        )));
    }
    if versions > 1 {
        return Err(conflict(format!(
            "Cannot delete the policy because it has one or more policy versions attached to it (name={name})"
        )));
    }
    let mut batch = Batch::new();
    rows::delete(&mut batch, realm.realm, policy.number);
    tags::rows::delete_all(&mut batch, realm.realm, policy.number);
    // No gateway holds a policy that is attached to nothing; the announcement is for its mark alone.
    deeds
        .commit_change(batch, realm.realm, Change::Policy(policy.number), tries)
        .await
}
