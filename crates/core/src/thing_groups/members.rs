//! Which things are in which groups.

use std::collections::BTreeMap;

use thingsmith_model::{ThingGroupName, ThingName};
use thingsmith_ports::{Batch, Hold};

use super::rows::{self, Membership};
use super::{GROUPS_PER_THING, NamedGroup, ThingGroup, events, find, not_found};
use crate::outbox::Change;
use crate::realms::RealmRecord;
use crate::things::{self, Thing};
use crate::tries::{Attempt, Tries};
use crate::{Deeds, Fault};

/// A thing and a group, each named by its name, its ARN or both.
#[derive(Debug, Clone, Default)]
pub struct MembershipUpdate {
    /// The thing's name.
    pub thing_name: Option<ThingName>,
    /// The thing's ARN.
    pub thing_arn: Option<String>,
    /// The group's name.
    pub group_name: Option<ThingGroupName>,
    /// The group's ARN.
    pub group_arn: Option<String>,
}

impl MembershipUpdate {
    fn names(self, realm: &RealmRecord) -> Result<(ThingName, ThingGroupName), Fault> {
        let thing = find::thing_name(realm, self.thing_name, self.thing_arn.as_deref())?;
        let group = find::group_name(realm, self.group_name, self.group_arn.as_deref())?;
        Ok((thing, group))
    }
}

/// Puts a thing into a group. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when the thing or the group is not there, `InvalidRequestException` when they are named
/// wrongly, when the thing is in as many groups as it may be, or in another group of the same hierarchy.
pub async fn add_thing_to_thing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    update: MembershipUpdate,
) -> Result<(), Fault> {
    let (thing, group) = update.names(realm)?;
    change(deeds, realm, &thing, &[group], &[]).await
}

/// Takes a thing out of a group. Doing it twice is harmless.
///
/// # Errors
/// `ResourceNotFoundException` when the thing or the group is not there, `InvalidRequestException` when they are named
/// wrongly.
pub async fn remove_thing_from_thing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    update: MembershipUpdate,
) -> Result<(), Fault> {
    let (thing, group) = update.names(realm)?;
    change(deeds, realm, &thing, &[], &[group]).await
}

/// Names in one of the lists of [`update_thing_groups_for_thing`]; AWS names no bound.
const MOST_NAMES: usize = 100;

/// Takes a thing out of groups and puts it into others, all at once.
///
/// # Errors
/// As [`add_thing_to_thing_group`]; also `InvalidRequestException` for a group to be both added and removed and for very
/// long lists.
pub async fn update_thing_groups_for_thing(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    add: &[ThingGroupName],
    remove: &[ThingGroupName],
) -> Result<(), Fault> {
    for (member, list) in [("thingGroupsToAdd", add), ("thingGroupsToRemove", remove)] {
        if list.len() > MOST_NAMES {
            return Err(Fault::invalid(format!(
                "{member} has {} names, the most is {MOST_NAMES}.",
                list.len()
            )));
        }
    }
    if let Some(both) = add.iter().find(|name| remove.contains(name)) {
        return Err(Fault::invalid(format!(
            "{both} is in thingGroupsToAdd and in thingGroupsToRemove."
        )));
    }
    change(deeds, realm, thing, add, remove).await
}

/// What a batch does, for the events.
struct Sent {
    thing: Thing,
    left: Vec<NamedGroup>,
    joined: Vec<NamedGroup>,
}

async fn change(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    add: &[ThingGroupName],
    remove: &[ThingGroupName],
) -> Result<(), Fault> {
    let tries = Tries::default();
    let mut sent = None;
    loop {
        let outcome = change_once(deeds, realm, thing, add, remove, &mut sent, &tries).await;
        if let Some(()) = tries.settle_change(deeds.store(), outcome).await? {
            if let Some(Sent { thing, left, joined }) = sent {
                for (added, groups) in [(false, left), (true, joined)] {
                    for group in &groups {
                        events::membership(deeds, realm, added, group, &thing).await;
                    }
                }
            }
            return Ok(());
        }
    }
}

async fn change_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &ThingName,
    add: &[ThingGroupName],
    remove: &[ThingGroupName],
    sent: &mut Option<Sent>,
    tries: &Tries,
) -> Result<(), Attempt> {
    let thing = things::describe_thing(deeds, realm, thing).await?;
    let added = groups(deeds, realm, add).await?;
    let removed = groups(deeds, realm, remove).await?;
    let memberships = rows::memberships(deeds.store(), realm.realm, thing.number).await?;
    let (leave, stay): (Vec<Membership>, Vec<Membership>) = memberships
        .into_iter()
        .partition(|membership| removed.contains_key(&membership.group.number));
    let join: Vec<&ThingGroup> = added
        .values()
        .filter(|group| {
            stay.iter()
                .all(|membership| membership.group.number != group.number)
        })
        .collect();
    if leave.is_empty() && join.is_empty() {
        *sent = None;
        return Ok(());
    }
    check_memberships(&thing, &stay, &join)?;
    let mut batch = Batch::new();
    // The thing before the groups, and those by number, so that two batches never wait for each other. Exclusive, since
    // its groups are counted.
    things::rows::hold(&mut batch, realm.realm, thing.number, Hold::Exclusive);
    for group in &join {
        rows::hold(&mut batch, realm.realm, group.number, Hold::Shared);
    }
    for membership in &leave {
        rows::leave(&mut batch, realm.realm, thing.number, membership.group.number);
    }
    for group in &join {
        rows::join(&mut batch, realm.realm, thing.number, group, GROUPS_PER_THING);
    }
    let change = Change::Thing(thing.number);
    *sent = Some(Sent {
        thing,
        left: leave.into_iter().map(|membership| membership.group).collect(),
        joined: join.into_iter().map(ThingGroup::named).collect(),
    });
    deeds.commit_change(batch, realm.realm, change, tries).await
}

/// The groups of these names, by number.
async fn groups(
    deeds: &Deeds,
    realm: &RealmRecord,
    names: &[ThingGroupName],
) -> Result<BTreeMap<i64, ThingGroup>, Attempt> {
    let mut groups = BTreeMap::new();
    for name in names {
        let group = rows::find(deeds.store(), realm.realm, name)
            .await?
            .ok_or_else(|| not_found(name))?;
        groups.insert(group.number, group);
    }
    Ok(groups)
}

/// Whether a thing that stays in some groups may join others: it is in one group of each hierarchy and not in too many.
pub(crate) fn check_memberships(
    thing: &Thing,
    stay: &[Membership],
    join: &[&ThingGroup],
) -> Result<(), Fault> {
    let mut by_root: BTreeMap<i64, &ThingGroupName> = stay
        .iter()
        .map(|membership| (membership.root, &membership.group.name))
        .collect();
    for group in join {
        if let Some(other) = by_root.insert(group.root, &group.name) {
            return Err(Fault::invalid(format!(
                "Thing {} cannot be in the groups {other} and {}, which are of one hierarchy.",
                thing.name, group.name
            )));
        }
    }
    if i64::try_from(by_root.len()).is_ok_and(|count| count > GROUPS_PER_THING) {
        return Err(Fault::invalid(format!(
            "Thing {} would be in {} thing groups, it can be in {GROUPS_PER_THING}.",
            thing.name,
            by_root.len()
        )));
    }
    Ok(())
}
