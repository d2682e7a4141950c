//! Reading billing groups.

use thingsmith_model::BillingGroupName;

use super::{BillingGroup, not_found, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Reads a billing group.
///
/// # Errors
/// `ResourceNotFoundException` when there is none of this name.
pub async fn describe_billing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &BillingGroupName,
) -> Result<BillingGroup, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))
}

/// Lists the billing groups whose names begin with `prefix` in order of their names.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_billing_groups(
    deeds: &Deeds,
    realm: &RealmRecord,
    prefix: &str,
    page: &PageRequest,
) -> Result<Page<BillingGroup>, Fault> {
    let list = format!("ListBillingGroups {prefix}");
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let after = after.as_deref().unwrap_or_default();
    let found = rows::page(deeds.store(), realm.realm, prefix, after, page.limit_and_one()).await?;
    page.cut(deeds, realm.realm, &list, found, |last| last.name.to_string())
}
