//! Listing destinations.

use super::{Destination, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Lists destinations by age.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_destinations(
    deeds: &Deeds,
    realm: &RealmRecord,
    page: &PageRequest,
) -> Result<Page<Destination>, Fault> {
    let list = "ListTopicRuleDestinations";
    let after: Option<i64> = page.place(deeds, realm.realm, list)?;
    let found = rows::page(
        deeds.store(),
        realm.realm,
        after.unwrap_or(i64::MIN),
        page.limit_and_one(),
    );
    page.cut(deeds, realm.realm, list, found.await?, |last| last.number)
}
