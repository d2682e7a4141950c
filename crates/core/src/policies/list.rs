//! Listing policies.

use super::{Policy, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Lists policies by age, newest first unless `ascending`.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_policies(
    deeds: &Deeds,
    realm: &RealmRecord,
    ascending: bool,
    page: &PageRequest,
) -> Result<Page<Policy>, Fault> {
    let list = if ascending {
        "ListPolicies ascending"
    } else {
        "ListPolicies"
    };
    let after: Option<(i64, i64)> = page.place(deeds, realm.realm, list)?;
    let found = if ascending {
        rows::page_ascending(deeds.store(), realm.realm, after, page.limit_and_one()).await?
    } else {
        rows::page_descending(deeds.store(), realm.realm, after, page.limit_and_one()).await?
    };
    page.cut(deeds, realm.realm, list, found, |last| {
        (last.created_at.as_millis(), last.number)
    })
}
