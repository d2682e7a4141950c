//! The versions of a managed policy.

use thingsmith_model::Timestamp;
use thingsmith_ports::Batch;

use super::create::MOST_CHARACTERS;
use super::{ManagedPolicy, PolicyVersion, aws, find, find_own, rows};
use crate::iam::{self, conflict, no_such};
use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Versions that a policy may have (IAM quotas, "Managed policy versions").
const VERSIONS: usize = 5;

/// Makes a version of a policy, which counts at once if `as_default`.
///
/// # Errors
/// `MalformedPolicyDocumentException`, `NoSuchEntityException`, `InvalidInputException` for what is no policy's ARN,
/// `LimitExceededException` for a sixth version or a document that is too long.
pub async fn create_policy_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    document: &str,
    as_default: bool,
) -> Result<PolicyVersion, Fault> {
    iam::permissions("PolicyDocument", document, MOST_CHARACTERS)?;
    let now = deeds.clock().now();
    let tries = Tries::default();
    let mut made = 0;
    loop {
        let outcome = create_once(deeds, realm, arn, (document, as_default, now), &mut made, &tries).await;
        if tries.settle_change(deeds.store(), outcome).await?.is_some() {
            return Ok(PolicyVersion {
                version: made,
                is_default: as_default,
                created_at: now,
            });
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    (document, as_default, now): (&str, bool, Timestamp),
    made: &mut i64,
    tries: &Tries,
) -> Result<(), Attempt> {
    let policy = find_own(deeds, realm, arn).await?;
    if rows::versions(deeds.store(), realm.realm, policy.number)
        .await?
        .len()
        >= VERSIONS
    {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!(
                "A managed policy can have up to {VERSIONS} versions. Before you create a new version, you must delete \
                 an existing version."
            ),
        )
        .into());
    }
    // Whichever try was the one that happened has made this number: numbers only grow, and a try that finds its
    // predecessor's version gets no further than its mark.
    *made = policy.newest_version + 1;
    let mut batch = Batch::new();
    rows::count_up(&mut batch, realm.realm, &policy, as_default, now);
    rows::insert_version(&mut batch, realm.realm, policy.number, *made, document, now);
    deeds
        .commit_change(batch, realm.realm, Change::Identity(policy.number), tries)
        .await
}

/// A version of a policy with its document.
///
/// # Errors
/// `NoSuchEntityException`, `InvalidInputException` for what is no policy's ARN.
pub async fn policy_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    version: &str,
) -> Result<(PolicyVersion, String), Fault> {
    let policy = find(deeds, realm, arn).await?;
    let absent = || not_found(arn, version);
    let number = parse(version).ok_or_else(absent)?;
    if let Some(aws) = aws::by_number(policy.number) {
        return (number == 1)
            .then(|| (aws.version(), aws.document.to_owned()))
            .ok_or_else(absent);
    }
    let (document, created_at) = rows::version(deeds.store(), realm.realm, policy.number, number)
        .await?
        .ok_or_else(absent)?;
    let version = PolicyVersion {
        version: number,
        is_default: number == policy.default_version,
        created_at,
    };
    Ok((version, document))
}

/// Lists the versions of a policy, newest first.
///
/// # Errors
/// `NoSuchEntityException`, `InvalidInputException` for what is no policy's ARN, `InvalidRequestException` for a marker that
/// is not of this list.
pub async fn list_policy_versions(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    page: &PageRequest,
) -> Result<Page<PolicyVersion>, Fault> {
    let policy = find(deeds, realm, arn).await?;
    let list = format!("ListPolicyVersions {}", policy.number);
    let before: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let before = before.unwrap_or(i64::MAX);
    let all = match aws::by_number(policy.number) {
        Some(aws) => vec![aws.version()],
        None => rows::versions(deeds.store(), realm.realm, policy.number).await?,
    };
    let found = all.into_iter().filter(|version| version.version < before);
    page.cut(deeds, realm.realm, &list, found.collect(), |last| last.version)
}

/// Makes a version the one that counts.
///
/// # Errors
/// `NoSuchEntityException`, `InvalidInputException` for what is no policy's ARN.
pub async fn set_default_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    version: &str,
) -> Result<(), Fault> {
    change(deeds, realm, arn, version, rows::set_default, false).await
}

/// Deletes a version that is not the one that counts.
///
/// # Errors
/// `NoSuchEntityException`, `InvalidInputException` for what is no policy's ARN, `DeleteConflictException` for the default
/// version.
pub async fn delete_policy_version(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    version: &str,
) -> Result<(), Fault> {
    change(deeds, realm, arn, version, rows::delete_version, true).await
}

type Step = fn(&mut Batch, thingsmith_model::Realm, &ManagedPolicy, i64, Timestamp);

async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    version: &str,
    step: Step,
    deletes: bool,
) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || {
            change_once(deeds, realm, arn, version, (step, deletes), &tries)
        })
        .await
}

async fn change_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    arn: &str,
    version: &str,
    (step, deletes): (Step, bool),
    tries: &Tries,
) -> Result<(), Attempt> {
    let policy = find_own(deeds, realm, arn).await?;
    let number = parse(version).ok_or_else(|| not_found(arn, version))?;
    let there = rows::version(deeds.store(), realm.realm, policy.number, number).await?;
    if there.is_none() {
        return Err(not_found(arn, version).into());
    }
    if deletes && number == policy.default_version {
        return Err(conflict("Cannot delete the default version of a policy.").into());
    }
    let mut batch = Batch::new();
    step(&mut batch, realm.realm, &policy, number, deeds.clock().now());
    deeds
        .commit_change(batch, realm.realm, Change::Identity(policy.number), tries)
        .await
}

/// The number of a version's id: `v1`. The model lets through `v1.` and more, which no version has.
fn parse(version: &str) -> Option<i64> {
    version.strip_prefix('v')?.parse().ok()
}

fn not_found(arn: &str, version: &str) -> Fault {
    no_such(format!("Policy {arn} version {version} does not exist."))
}
