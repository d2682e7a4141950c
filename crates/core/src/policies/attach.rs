//! Attaching policies to targets.

use thingsmith_model::{Arn, PolicyName, Resource};
use thingsmith_ports::{Batch, Hold};

use super::{Policy, not_found, rows};
use crate::certificates::{self, Certificate};
use crate::outbox::Change;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// Policies that a certificate may have (AWS's quota "Maximum number of policies that can be attached to a certificate
/// or Amazon Cognito identity").
const POLICIES_PER_TARGET: i64 = 10;

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
    let mut tries = Tries::default();
    loop {
        let outcome = attach_once(deeds, realm, name, target, &mut tries).await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            return Ok(done);
        }
    }
}

async fn attach_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    target: &str,
    tries: &mut Tries,
) -> Result<(), Attempt> {
    let policy = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    let certificate = find_target(deeds, realm, target).await?;
    certificates::check_attachable(&certificate)?;
    let (count, attached) =
        rows::attached(deeds.store(), realm.realm, certificate.number, policy.number).await?;
    if attached {
        return Ok(());
    }
    if count >= POLICIES_PER_TARGET {
        return Err(Fault::new(
            Code::LimitExceeded,
            format!("Target {target} has {count} policies attached, the most that it may have."),
        )
        .into());
    }
    let mut batch = Batch::new();
    // Always the certificate before the policy, so that two batches never wait for each other.
    certificates::rows::hold(&mut batch, realm.realm, certificate.number, Hold::Exclusive);
    rows::hold(&mut batch, realm.realm, policy.number, Hold::Shared);
    rows::attach(
        &mut batch,
        realm.realm,
        certificate.number,
        policy.number,
        POLICIES_PER_TARGET,
    );
    deeds
        .commit_change(batch, realm.realm, Change::Certificate(certificate.number), tries)
        .await
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
    let certificate = match find_target(deeds, realm, target).await {
        Err(fault) if fault.code == Code::ResourceNotFound => return Ok(()),
        found => found?,
    };
    let mut tries = Tries::default();
    loop {
        let outcome = detach_once(deeds, realm, name, &certificate, &mut tries).await;
        if let Some(done) = tries.settle_change(deeds.store(), outcome).await? {
            return Ok(done);
        }
    }
}

async fn detach_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    certificate: &Certificate,
    tries: &mut Tries,
) -> Result<(), Attempt> {
    let Some(policy) = rows::find(deeds.store(), realm.realm, name).await? else {
        return Ok(());
    };
    let mut batch = Batch::new();
    rows::detach(&mut batch, realm.realm, certificate.number, policy.number);
    deeds
        .commit_change(batch, realm.realm, Change::Certificate(certificate.number), tries)
        .await
}

/// Lists the policies attached to a target in the order in which they were made.
///
/// # Errors
/// `ResourceNotFoundException` when the target is not there, `InvalidRequestException` for what cannot be a target or a
/// marker that is not of this list.
pub async fn list_attached_policies(
    deeds: &Deeds,
    realm: &RealmRecord,
    target: &str,
    page: &PageRequest,
) -> Result<Page<Policy>, Fault> {
    let certificate = find_target(deeds, realm, target).await?;
    let list = format!("ListAttachedPolicies {}", certificate.number);
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let found = rows::page_of_attached(
        deeds.store(),
        realm.realm,
        certificate.number,
        after.unwrap_or(0),
        page.limit_and_one(),
    )
    .await?;
    page.cut(deeds, realm.realm, &list, found, |last| last.number)
}

/// The certificate that a target names. Thing groups and Cognito identities can be targets too, but there are none yet.
async fn find_target(deeds: &Deeds, realm: &RealmRecord, target: &str) -> Result<Certificate, Fault> {
    if let Ok(Arn {
        resource: Resource::Other(resource),
        ..
    }) = target.parse()
        && resource.starts_with("thinggroup/")
    {
        return Err(Fault::not_found(format!("Thing group {target} not found.")));
    }
    certificates::find_principal(deeds, realm, target).await
}
