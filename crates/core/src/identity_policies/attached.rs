//! Managed policies attached to users and roles.

use thingsmith_ports::{Batch, Hold};

use super::{Holder, rows};
use crate::iam::{IamArn, Kind, no_such};
use crate::managed_policies::{self, aws};
use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Managed policies that a user or role may have (IAM quotas, "Managed policies per role", "... per user").
const POLICIES_PER_HOLDER: i64 = 10;

/// Attaches a managed policy to a user or role. Doing it twice is harmless.
///
/// # Errors
/// `NoSuchEntityException`, `InvalidInputException` for what is no policy's ARN, `LimitExceededException` when the holder
/// has as many as it may have.
pub async fn attach(deeds: &Deeds, realm: &RealmRecord, holder: Holder<'_>, arn: &str) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || attach_once(deeds, realm, holder, arn, &tries))
        .await
}

async fn attach_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    arn: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = holder.find(deeds, realm).await?;
    let policy = managed_policies::number_of(deeds, realm, arn).await?;
    let (count, attached) = rows::attached(deeds.store(), realm.realm, found.number, policy).await?;
    if attached {
        return Ok(());
    }
    if count >= POLICIES_PER_HOLDER {
        let quota = match holder {
            Holder::User(_) => "PoliciesPerUser",
            Holder::Role(_) => "PoliciesPerRole",
        };
        return Err(Fault::new(
            Code::LimitExceeded,
            format!("Cannot exceed quota for {quota}: {POLICIES_PER_HOLDER}"),
        )
        .into());
    }
    let mut batch = Batch::new();
    found.hold(&mut batch, realm.realm, Hold::Exclusive);
    if policy > 0 {
        managed_policies::rows::hold(&mut batch, realm.realm, policy, Hold::Shared);
    }
    rows::attach(&mut batch, realm.realm, found.number, policy, POLICIES_PER_HOLDER);
    deeds
        .commit_change(batch, realm.realm, Change::Identity(found.number), tries)
        .await
}

/// Detaches a managed policy from a user or role.
///
/// # Errors
/// `NoSuchEntityException` when the holder or the policy is not there, or the policy is not attached;
/// `InvalidInputException` for what is no policy's ARN.
pub async fn detach(deeds: &Deeds, realm: &RealmRecord, holder: Holder<'_>, arn: &str) -> Result<(), Fault> {
    let tries = Tries::default();
    tries
        .change(deeds.store(), || detach_once(deeds, realm, holder, arn, &tries))
        .await
}

async fn detach_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    arn: &str,
    tries: &Tries,
) -> Result<(), Attempt> {
    let found = holder.find(deeds, realm).await?;
    let policy = managed_policies::number_of(deeds, realm, arn).await?;
    let (_, attached) = rows::attached(deeds.store(), realm.realm, found.number, policy).await?;
    if !attached {
        return Err(no_such(format!("Policy {arn} was not found.")).into());
    }
    let mut batch = Batch::new();
    rows::detach(&mut batch, realm.realm, found.number, policy);
    deeds
        .commit_change(batch, realm.realm, Change::Identity(found.number), tries)
        .await
}

/// Lists the managed policies attached to a user or role whose paths begin with `prefix`; AWS's own come first.
///
/// # Errors
/// `NoSuchEntityException`, `InvalidRequestException` for a marker that is not of this list.
pub async fn list_attached(
    deeds: &Deeds,
    realm: &RealmRecord,
    holder: Holder<'_>,
    prefix: &str,
    page: &PageRequest,
) -> Result<Page<IamArn>, Fault> {
    let found = holder.find(deeds, realm).await?;
    let list = format!("ListAttached {} {prefix}", found.number);
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let after = after.unwrap_or(i64::MIN);
    // A holder has ten at most, so that all of them are read and the prefix is looked at here.
    let all = rows::all_attached(deeds.store(), realm.realm, found.number).await?;
    let arns = all.into_iter().filter_map(|attached| {
        let arn = match (attached.name, attached.path) {
            (Some(name), Some(path)) => IamArn::new(&realm.account, Kind::Policy, &path, &name),
            _ => aws::by_number(attached.policy)?.arn(),
        };
        (attached.policy > after && arn.path.starts_with(prefix)).then_some((attached.policy, arn))
    });
    let arns: Vec<(i64, IamArn)> = arns.collect();
    let page = page.cut(deeds, realm.realm, &list, arns, |(number, _)| *number)?;
    Ok(page.map(|(_, arn)| arn))
}
