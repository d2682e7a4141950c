//! The versions of a policy.

use thingsmith_model::{PolicyName, Timestamp};
use thingsmith_ports::{Batch, Hold};

use super::create::parse;
use super::{Policy, not_found, rows};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Versions that a policy may have at a time (AWS's quota "Maximum number of named policy versions").
const VERSIONS: i64 = 5;

/// A version of a policy without its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyVersion {
    /// Its number, which no other version of the policy ever has.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A version of a policy with what belongs to it.
#[derive(Debug, Clone)]
pub struct WholeVersion {
    /// The policy.
    pub policy: Policy,
    /// The version.
    pub version: PolicyVersion,
    /// Its document, byte for byte as it was given.
    pub document: String,
}

/// Adds a version to a policy, as its default if asked to, and returns the version's number.
///
/// # Errors
/// `MalformedPolicyException` when the document is none, `ResourceNotFoundException` when there is no such policy,
/// `VersionsLimitExceededException` when it has as many versions as it may have.
pub async fn create_policy_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    document: &str,
    set_as_default: bool,
) -> Result<i64, Fault> {
    parse(document)?;
    let tries = Tries::default();
    let mut sent = 0;
    loop {
        let outcome = create_once(deeds, realm, name, document, set_as_default, &mut sent, &tries).await;
        if let Some(()) = tries.settle_change(deeds.store(), outcome).await? {
            // After Unknown each try is settled before the next, so that the last one sent is the one that happened.
            return Ok(sent);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    document: &str,
    set_as_default: bool,
    sent: &mut i64,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = find(deeds, realm, name).await?;
    let (_, versions) = rows::burden(deeds.store(), realm.realm, before.number).await?;
    if versions >= VERSIONS {
        return Err(Fault::new(
            Code::VersionsLimitExceeded,
            format!("The policy {name} already has the maximum number of versions ({VERSIONS})"),
        )
        .into());
    }
    let now = deeds.clock().now();
    let version = before.newest_version + 1;
    let mut after = Policy {
        newest_version: version,
        generation_id: deeds.uuid(),
        ..before
    };
    if set_as_default {
        after.default_version = version;
        after.modified_at = now;
    }
    let mut batch = Batch::new();
    // Exclusive, since its versions are counted.
    rows::hold(&mut batch, realm.realm, after.number, Hold::Exclusive);
    rows::add_version(&mut batch, realm.realm, &after, VERSIONS);
    rows::insert_version(&mut batch, realm.realm, after.number, version, document, now);
    *sent = version;
    let change = if set_as_default {
        Change::Policy(after.number)
    } else {
        Change::Unseen(after.number)
    };
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// Reads a version of a policy.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such policy or version.
pub async fn get_policy_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    version_id: &str,
) -> Result<WholeVersion, Fault> {
    let policy = find(deeds, realm, name).await?;
    let absent = || version_not_found(name, version_id);
    let version = number(version_id).ok_or_else(absent)?;
    let found = rows::version(deeds.store(), realm.realm, policy.number, version).await?;
    let (version, document) = found.ok_or_else(absent)?;
    Ok(WholeVersion {
        policy,
        version,
        document,
    })
}

/// Lists the versions of a policy, newest first.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such policy.
pub async fn list_policy_versions(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
) -> Result<(Policy, Vec<PolicyVersion>), Fault> {
    let policy = find(deeds, realm, name).await?;
    let versions = rows::versions(deeds.store(), realm.realm, policy.number).await?;
    Ok((policy, versions))
}

/// Makes a version the one that counts, for every target of the policy.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such policy or version.
pub async fn set_default_policy_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    version_id: &str,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            set_default_once(deeds, realm, name, version_id, &tries)
        })
        .await
}

async fn set_default_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    version_id: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let before = find(deeds, realm, name).await?;
    let version = existing(deeds, realm, &before, version_id).await?;
    if version == before.default_version {
        return Ok(());
    }
    let after = Policy {
        default_version: version,
        modified_at: deeds.clock().now(),
        generation_id: deeds.uuid(),
        ..before
    };
    let mut batch = Batch::new();
    rows::hold(&mut batch, realm.realm, after.number, Hold::Exclusive);
    rows::set_default_version(&mut batch, realm.realm, &after);
    deeds
        .commit_change(batch, realm.realm, Change::Policy(after.number), tries)
        .await
}

/// Deletes a version that is not the default one.
///
/// # Errors
/// `ResourceNotFoundException` when there is no such policy or version, `DeleteConflictException` for the default version.
pub async fn delete_policy_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    version_id: &str,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            delete_once(deeds, realm, name, version_id, &tries)
        })
        .await
}

async fn delete_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    version_id: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let policy = find(deeds, realm, name).await?;
    let version = existing(deeds, realm, &policy, version_id).await?;
    if version == policy.default_version {
        return Err(Fault::new(
            Code::DeleteConflict,
            format!("Cannot delete the default version of a policy (name={name}, version={version})"),
        )
        .into());
    }
    let mut batch = Batch::new();
    rows::hold(&mut batch, realm.realm, policy.number, Hold::Exclusive);
    rows::delete_version(&mut batch, realm.realm, policy.number, version);
    deeds
        .commit_change(batch, realm.realm, Change::Unseen(policy.number), tries)
        .await
}

async fn find(deeds: &Deeds, realm: &RealmRecord, name: &PolicyName) -> Result<Policy, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))
}

/// The number of a version that is there.
async fn existing(
    deeds: &Deeds,
    realm: &RealmRecord,
    policy: &Policy,
    version_id: &str,
) -> Result<i64, Attempt> {
    let absent = || version_not_found(&policy.name, version_id);
    let version = number(version_id).ok_or_else(absent)?;
    let versions = rows::versions(deeds.store(), realm.realm, policy.number).await?;
    match versions.iter().any(|found| found.version == version) {
        true => Ok(version),
        false => Err(absent().into()),
    }
}

/// The number that a version id writes. It has one form: `01` names no version.
fn number(version_id: &str) -> Option<i64> {
    let number: i64 = version_id.parse().ok()?;
    (number.to_string() == version_id).then_some(number)
}

fn version_not_found(name: &PolicyName, version_id: &str) -> Fault {
    let short: String = version_id.chars().take(32).collect();
    Fault::not_found(format!("Policy version {short} of policy {name} not found."))
}
