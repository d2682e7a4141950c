//! Reading thing types.

use thingsmith_model::ThingTypeName;

use super::{ThingType, not_found, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault};

/// Reads a thing type.
///
/// # Errors
/// `ResourceNotFoundException` when there is none of this name.
pub async fn describe_thing_type(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingTypeName,
) -> Result<ThingType, Fault> {
    rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))
}

/// Lists thing types in order of their names; with `only`, the one of this name if it is there.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_thing_types(
    deeds: &Deeds,
    realm: &RealmRecord,
    only: Option<&ThingTypeName>,
    page: &PageRequest,
) -> Result<Page<ThingType>, Fault> {
    let list = match only {
        None => "ListThingTypes".to_owned(),
        Some(name) => format!("ListThingTypes {name}"),
    };
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let found = match only {
        Some(name) => rows::find(deeds.store(), realm.realm, name)
            .await?
            .into_iter()
            .collect(),
        None => {
            let after = after.as_deref().unwrap_or_default();
            rows::page(deeds.store(), realm.realm, after, page.limit_and_one()).await?
        }
    };
    page.cut(deeds, realm.realm, &list, found, |last| last.name.to_string())
}
