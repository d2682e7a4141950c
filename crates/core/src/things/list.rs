//! Listing things.

use serde::{Deserialize, Serialize};
use thingsmith_model::{AttributeName, ThingTypeName};

use super::{Thing, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault, thing_types};

/// Which things to list.
#[derive(Debug, Clone, Default)]
pub struct ThingFilter {
    /// Those that have this attribute.
    pub attribute: Option<AttributeFilter>,
    /// Those of this type.
    pub thing_type: Option<ThingTypeName>,
}

impl ThingFilter {
    /// The list that tokens belong to: a token goes on with the filter that it began with. No name and no value holds
    /// a space.
    fn list(&self) -> String {
        let thing_type = self.thing_type.as_ref().map_or("", ThingTypeName::as_str);
        match &self.attribute {
            None => format!("ListThings {thing_type}"),
            Some(AttributeFilter { name, value, prefix }) => {
                let value = value.as_deref().unwrap_or_default();
                format!("ListThings {thing_type} {name} {prefix} {value}")
            }
        }
    }
}

/// An attribute that things must have.
#[derive(Debug, Clone)]
pub struct AttributeFilter {
    /// Its name.
    pub name: AttributeName,
    /// Its value, if not just any.
    pub value: Option<String>,
    /// Whether `value` is only the beginning of the value.
    pub prefix: bool,
}

impl AttributeFilter {
    /// The lowest and the highest value that the filter lets through. Values are ASCII, so that the last of all
    /// characters stands after every value with the prefix.
    pub(super) fn values(&self) -> (String, String) {
        let low = self.value.clone().unwrap_or_default();
        let high = if self.prefix || self.value.is_none() {
            format!("{low}\u{10FFFF}")
        } else {
            low.clone()
        };
        (low, high)
    }
}

/// Where the next page begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Place {
    value: String,
    thing: String,
}

/// Lists things in order of their names; by attribute, in order of its value and their names.
///
/// # Errors
/// `InvalidRequestException` for a token that is not of this list.
pub async fn list_things(
    deeds: &Deeds,
    realm: &RealmRecord,
    filter: &ThingFilter,
    page: &PageRequest,
) -> Result<Page<Thing>, Fault> {
    let list = filter.list();
    let after: Option<Place> = page.place(deeds, realm.realm, &list)?;
    let store = deeds.store();
    let of_type = match &filter.thing_type {
        None => None,
        Some(name) => match thing_types::rows::find(store, realm.realm, name).await? {
            Some(found) => Some(found.number),
            // Of a type that is not there, no thing is.
            None => return Ok(Page::empty()),
        },
    };
    let limit = page.limit_and_one();
    let found = match &filter.attribute {
        None => {
            let after = after.as_ref().map(|place| place.thing.as_str());
            let things = match of_type {
                None => rows::page(store, realm.realm, after, limit).await?,
                Some(number) => rows::page_by_type(store, realm.realm, number, after, limit).await?,
            };
            things.into_iter().map(|thing| (String::new(), thing)).collect()
        }
        Some(filter) => {
            let after = after
                .as_ref()
                .map(|place| (place.value.as_str(), place.thing.as_str()));
            match of_type {
                None => rows::page_by_attribute(store, realm.realm, filter, after, limit).await?,
                Some(number) => {
                    rows::page_by_attribute_and_type(store, realm.realm, filter, number, after, limit).await?
                }
            }
        }
    };
    let page = page.cut(deeds, realm.realm, &list, found, |(value, thing)| Place {
        value: value.clone(),
        thing: thing.name.to_string(),
    })?;
    Ok(page.map(|(_, thing)| thing))
}
