//! Listing what is attached to what.

use thingsmith_model::{Arn, PolicyName, Resource};

use super::{Policy, Target, not_found, rows};
use crate::certificates;
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Lists the policies attached to a target in the order in which they were made; when `recursive`, also those of the
/// groups above a group, and those of the groups of a certificate's things, each policy once.
///
/// # Errors
/// `ResourceNotFoundException` when the target is not there, `InvalidRequestException` for what cannot be a target or a
/// marker that is not of this list.
pub async fn list_attached_policies(
    deeds: &Deeds,
    realm: &RealmRecord,
    target: &str,
    recursive: bool,
    page: &PageRequest,
) -> Result<Page<Policy>, Fault> {
    let target = Target::find(deeds, realm, target).await?.number();
    let list = format!("ListAttachedPolicies {target} {recursive}");
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let (store, after, limit) = (deeds.store(), after.unwrap_or(0), page.limit_and_one());
    let found = if recursive {
        rows::page_of_attached_above(store, realm.realm, target, after, limit).await?
    } else {
        rows::page_of_attached(store, realm.realm, target, after, limit).await?
    };
    page.cut(deeds, realm.realm, &list, found, |last| last.number)
}

/// Lists the policies attached to a principal by the order in which they were made, newest first unless `ascending`.
///
/// # Errors
/// `ResourceNotFoundException` when the principal is not there, `InvalidRequestException` for what cannot be a principal
/// or a marker that is not of this list.
pub async fn list_principal_policies(
    deeds: &Deeds,
    realm: &RealmRecord,
    principal: &str,
    ascending: bool,
    page: &PageRequest,
) -> Result<Page<Policy>, Fault> {
    let number = certificates::find_principal(deeds, realm, principal)
        .await?
        .number;
    let list = format!("ListPrincipalPolicies {number} {ascending}");
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let (store, limit) = (deeds.store(), page.limit_and_one());
    let found = if ascending {
        rows::page_of_attached(store, realm.realm, number, after.unwrap_or(0), limit).await?
    } else {
        let before = after.unwrap_or(i64::MAX);
        rows::page_of_attached_descending(store, realm.realm, number, before, limit).await?
    };
    page.cut(deeds, realm.realm, &list, found, |last| last.number)
}

/// Lists the targets of a policy, certificates and thing groups, in the order in which they were made.
///
/// # Errors
/// `ResourceNotFoundException` when the policy is not there, `InvalidRequestException` for a marker that is not of this
/// list.
pub async fn list_targets_for_policy(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    page: &PageRequest,
) -> Result<Page<Arn>, Fault> {
    let policy = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    let list = format!("ListTargetsForPolicy {}", policy.number);
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let found = rows::page_of_targets(
        deeds.store(),
        realm.realm,
        policy.number,
        after.unwrap_or(0),
        page.limit_and_one(),
    );
    arns(deeds, realm, page, &list, found.await?)
}

/// Lists the principals of a policy, which are certificates, newest first unless `ascending`.
///
/// # Errors
/// As [`list_targets_for_policy`].
pub async fn list_policy_principals(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &PolicyName,
    ascending: bool,
    page: &PageRequest,
) -> Result<Page<Arn>, Fault> {
    let policy = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    let list = format!("ListPolicyPrincipals {} {ascending}", policy.number);
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let (store, limit) = (deeds.store(), page.limit_and_one());
    let found = if ascending {
        rows::page_of_principals(store, realm.realm, policy.number, after.unwrap_or(0), limit).await?
    } else {
        let before = after.unwrap_or(i64::MAX);
        rows::page_of_principals_descending(store, realm.realm, policy.number, before, limit).await?
    };
    arns(deeds, realm, page, &list, found)
}

fn arns(
    deeds: &Deeds,
    realm: &RealmRecord,
    page: &PageRequest,
    list: &str,
    found: Vec<(i64, Resource)>,
) -> Result<Page<Arn>, Fault> {
    let page = page.cut(deeds, realm.realm, list, found, |(number, _)| *number)?;
    Ok(page.map(|(_, resource)| realm.arn(resource)))
}
