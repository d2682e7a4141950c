//! Listing thing groups and what is in them.

use thingsmith_model::{ThingGroupName, ThingName};

use super::{NamedGroup, not_found, rows};
use crate::pages::{Page, PageRequest};
use crate::realms::RealmRecord;
use crate::{Deeds, Fault, things};

/// Which thing groups to list.
#[derive(Debug, Clone, Default)]
pub struct ThingGroupFilter {
    /// Those below this group.
    pub parent: Option<ThingGroupName>,
    /// Those whose name begins so.
    pub prefix: Option<ThingGroupName>,
    /// With a parent, whether also those below its children; without, whether also those that have a parent: `None`
    /// means no with a parent and yes without.
    pub recursive: Option<bool>,
}

/// Lists thing groups in order of their names; all below a group in the order in which they were made.
///
/// # Errors
/// `ResourceNotFoundException` for a parent that is not there, `InvalidRequestException` for a token that is not of this
/// list.
pub async fn list_thing_groups(
    deeds: &Deeds,
    realm: &RealmRecord,
    filter: &ThingGroupFilter,
    page: &PageRequest,
) -> Result<Page<NamedGroup>, Fault> {
    let store = deeds.store();
    let parent = match &filter.parent {
        None => None,
        Some(name) => {
            let parent = rows::find(store, realm.realm, name).await?;
            Some(parent.ok_or_else(|| not_found(name))?.number)
        }
    };
    let prefix = filter.prefix.as_ref().map_or("", ThingGroupName::as_str);
    let list = format!("ListThingGroups {parent:?} {prefix} {:?}", filter.recursive);
    let limit = page.limit_and_one();
    if let (Some(parent), Some(true)) = (parent, filter.recursive) {
        let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
        let found = rows::page_below(store, realm.realm, parent, prefix, after.unwrap_or(0), limit).await?;
        return page.cut(deeds, realm.realm, &list, found, |last| last.number);
    }
    let after: Option<String> = page.place(deeds, realm.realm, &list)?;
    let after = after.as_deref();
    let found = match (parent, filter.recursive) {
        (None, None | Some(true)) => rows::page(store, realm.realm, prefix, after, limit).await?,
        (parent, _) => {
            rows::page_of_children(store, realm.realm, parent.unwrap_or(0), prefix, after, limit).await?
        }
    };
    page.cut(deeds, realm.realm, &list, found, |last| last.name.to_string())
}

/// Lists the groups that a thing is in, in the order in which they were made.
///
/// # Errors
/// `ResourceNotFoundException` when the thing is not there, `InvalidRequestException` for a token that is not of this list.
pub async fn list_thing_groups_for_thing(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    page: &PageRequest,
) -> Result<Page<NamedGroup>, Fault> {
    let thing = things::describe_thing(deeds, realm, thing).await?;
    let list = format!("ListThingGroupsForThing {}", thing.number);
    let after: Option<i64> = page.place(deeds, realm.realm, &list)?;
    let after = after.unwrap_or(0);
    let memberships = rows::memberships(deeds.store(), realm.realm, thing.number).await?;
    // A thing is in so few groups that all of them are read.
    let found = memberships
        .into_iter()
        .map(|membership| membership.group)
        .filter(|group| group.number > after)
        .collect();
    page.cut(deeds, realm.realm, &list, found, |last| last.number)
}

/// Lists the things in a group and, when `recursive`, in the groups below it: group by group, and in each in the order in
/// which the things were made.
///
/// # Errors
/// `ResourceNotFoundException` when the group is not there, `InvalidRequestException` for a token that is not of this list.
pub async fn list_things_in_thing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingGroupName,
    recursive: bool,
    page: &PageRequest,
) -> Result<Page<ThingName>, Fault> {
    let group = rows::find(deeds.store(), realm.realm, name)
        .await?
        .ok_or_else(|| not_found(name))?;
    let list = format!("ListThingsInThingGroup {} {recursive}", group.number);
    let after: Option<(i64, i64)> = page.place(deeds, realm.realm, &list)?;
    let (store, limit) = (deeds.store(), page.limit_and_one());
    let found = if recursive {
        let after = after.unwrap_or((0, 0));
        rows::page_of_things_below(store, realm.realm, group.number, after, limit).await?
    } else {
        let after = after.map_or(0, |(_, thing)| thing);
        rows::page_of_things(store, realm.realm, group.number, after, limit).await?
    };
    let page = page.cut(deeds, realm.realm, &list, found, |last| (last.group, last.thing))?;
    Ok(page.map(|member| member.name))
}
