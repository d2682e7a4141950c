//! Listing domain configurations.

use std::collections::BTreeMap;

use super::{OF_AWS, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Lists the names and service types of domain configurations, AWS's own among them, in order of their names: all of them,
/// or those of one type.
///
/// # Errors
/// `InvalidRequestException` for a marker that is not of this list.
pub async fn list_domain_configurations(
    deeds: &Deeds,
    realm: &RealmRecord,
    service_type: Option<&str>,
    page: &PageRequest,
) -> Result<Page<(String, String)>, Fault> {
    let list = format!("ListDomainConfigurations {}", service_type.unwrap_or_default());
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let after = after.unwrap_or_default();
    let mut found: BTreeMap<String, String> = OF_AWS
        .iter()
        .filter(|(name, _)| *name > after.as_str())
        .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
        .collect();
    // All that accounts make are for data.
    let made = rows::page(deeds.store(), realm.realm, &after, page.limit_and_one());
    found.extend(made.await?.into_iter().map(|name| (name, "DATA".to_owned())));
    let wanted = |kind: &str| service_type.is_none_or(|wanted| wanted == kind);
    let found = found.into_iter().filter(|(_, kind)| wanted(kind)).collect();
    page.cut(deeds, realm.realm, &list, found, |(name, _)| name.clone())
}
