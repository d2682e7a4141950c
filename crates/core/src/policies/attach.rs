//! Attaching policies to targets.

use thingsmith_model::PolicyName;
use thingsmith_ports::{Batch, Hold};

use super::{Target, not_found, rows};
use crate::certificates;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Attaches a policy to a target. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when the policy or the target is not there, `LimitExceededException` when the target has
/// as many policies as it may have, `InvalidRequestException` for what cannot be a target.
pub async fn attach_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    target: &str,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || attach_once(deeds, realm, name, target, &tries))
        .await
}

async fn attach_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    target: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let policy = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    let found = Target::find(deeds, realm, target).await?;
    found.check_attachable()?;
    let (count, attached) = rows::attached(deeds.store(), realm.realm, found.number(), policy.number).await?;
    if attached {
        return Ok(());
    }
    if count >= found.limit() {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!("Target {target} has {count} policies attached, the most that it may have."),
        )
        .into());
    }
    let mut batch = Batch::new();
    found.hold(&mut batch, realm, Hold::Exclusive);
    rows::hold(&mut batch, realm.realm, policy.number, Hold::Shared);
    rows::attach(
        &mut batch,
        realm.realm,
        found.number(),
        policy.number,
        found.limit(),
    );
    deeds
        .commit_change(batch, realm.realm, found.change(), tries)
        .await
}

/// Attaches a policy to a principal, which is a target but no thing group. Doing it twice is harmless.
///
/// # Errors
/// As [`attach_policy`].
pub async fn attach_principal_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    principal: &str,
) -> Result<(), Fault> {
    certificates::find_principal(deeds, realm, principal).await?;
    attach_policy(deeds, realm, name, principal).await
}

/// Detaches a policy from a target. What is not attached, or not there, counts as detached: AWS lists no error for it.
///
/// # Errors
/// `InvalidRequestException` for what cannot be a target.
pub async fn detach_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    target: &str,
) -> Result<(), Fault> {
    let target = match Target::find(deeds, realm, target).await {
        Err(fault) if fault.code == Code::ResourceNotFound => return Ok(()),
        found => found?,
    };
    let tries = Tries::default();
    tries
        .change(deeds.store(), || detach_once(deeds, realm, name, &target, &tries))
        .await
}

async fn detach_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    target: &Target,
    tries: &Tries,
) -> Result<(), Attempt> {
    let Some(policy) = rows::find(deeds.store(), realm.realm, name).await? else {
        return Ok(());
    };
    let mut batch = Batch::new();
    rows::detach(&mut batch, realm.realm, target.number(), policy.number);
    deeds
        .commit_change(batch, realm.realm, target.change(), tries)
        .await
}

/// Detaches a policy from a principal. What is not attached counts as detached.
///
/// # Errors
/// `ResourceNotFoundException` when the policy or the principal is not there, `InvalidRequestException` for what cannot be
/// a principal.
pub async fn detach_principal_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    principal: &str,
) -> Result<(), Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    certificates::find_principal(deeds, realm, principal).await?;
    detach_policy(deeds, realm, name, principal).await
}
