//! The events of thing groups (guide, "Registry events").

use serde_json::json;
use thingsmith_model::Resource;
use uuid::Uuid;

use super::{NamedGroup, ThingGroup, rows};
use crate::Deeds;
use crate::events::{EventType, tell};
use crate::realms::RealmRecord;
use crate::things::Thing;

/// What happened to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    Created,
    Updated,
    Deleted,
}

impl Operation {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Created => ("created", "CREATED"),
            Self::Updated => ("updated", "UPDATED"),
            Self::Deleted => ("deleted", "DELETED"),
        }
    }
}

/// Tells that a group was made, changed or deleted and, of one below another, that it came there or went.
pub(super) async fn group(deeds: &Deeds, realm: &RealmRecord, operation: Operation, group: &ThingGroup) {
    let configurations = deeds.event_configurations();
    let on = |event_type| configurations.enabled(deeds, realm.realm, event_type);
    let moves = operation != Operation::Updated && group.parent != 0;
    let hears = on(EventType::ThingGroup).await || moves && on(EventType::ThingGroupHierarchy).await;
    if !hears {
        return;
    }
    let above = match rows::line(deeds.store(), realm.realm, group.parent).await {
        Ok(above) => above,
        Err(cause) => {
            tracing::warn!(%cause, group = %group.name, "an event of a thing group was not published");
            return;
        }
    };
    let parent = above.last();
    tell(deeds, realm, EventType::ThingGroup, || {
        let (verb, operation) = operation.names();
        let line = above.iter().map(|above| {
            json!({"groupArn": super::arn(realm, &above.name), "groupId": above.group_id.to_string()})
        });
        let body = json!({
            "operation": operation,
            "accountId": realm.account.as_str(),
            "thingGroupId": group.group_id.to_string(),
            "thingGroupName": group.name,
            "versionNumber": group.version,
            "parentGroupName": parent.map(|parent| &parent.name),
            "parentGroupId": parent.map(|parent| parent.group_id.to_string()),
            "description": group.description,
            "rootToParentThingGroups": line.collect::<Vec<_>>(),
            "attributes": group.attributes,
            "dynamicGroupMappingId": null,
        });
        (format!("$aws/events/thingGroup/{}/{verb}", group.name), body)
    })
    .await;
    if let (true, Some(parent)) = (moves, parent) {
        let added = operation == Operation::Created;
        hierarchy(deeds, realm, added, parent, group).await;
    }
}

async fn hierarchy(deeds: &Deeds, realm: &RealmRecord, added: bool, parent: &NamedGroup, child: &ThingGroup) {
    tell(deeds, realm, EventType::ThingGroupHierarchy, || {
        let (verb, operation) = association(added);
        let topic = format!(
            "$aws/events/thingGroupHierarchy/thingGroup/{}/childThingGroup/{}/{verb}",
            parent.name, child.name
        );
        let body = json!({
            "operation": operation,
            "accountId": realm.account.as_str(),
            "thingGroupId": parent.group_id.to_string(),
            "thingGroupName": parent.name,
            "childGroupId": child.group_id.to_string(),
            "childGroupName": child.name,
        });
        (topic, body)
    })
    .await;
}

/// Tells that a thing came into a group or left it.
pub(crate) async fn membership(
    deeds: &Deeds,
    realm: &RealmRecord,
    added: bool,
    group: &NamedGroup,
    thing: &Thing,
) {
    tell(deeds, realm, EventType::ThingGroupMembership, || {
        let (verb, operation) = association(added);
        let topic = format!(
            "$aws/events/thingGroupMembership/thingGroup/{}/thing/{}/{verb}",
            group.name, thing.name
        );
        let body = json!({
            "operation": operation,
            "accountId": realm.account.as_str(),
            "groupArn": super::arn(realm, &group.name),
            "groupId": group.group_id.to_string(),
            "thingArn": realm.arn(Resource::Thing(thing.name.clone())).to_string(),
            "thingId": thing.thing_id.to_string(),
            "membershipId": membership_id(group, thing).to_string(),
        });
        (topic, body)
    })
    .await;
}

fn association(added: bool) -> (&'static str, &'static str) {
    if added {
        ("added", "ADDED")
    } else {
        ("removed", "REMOVED")
    }
}

/// A membership's id follows from the group's and the thing's, so that the event of its end names that of its beginning.
fn membership_id(group: &NamedGroup, thing: &Thing) -> Uuid {
    let mixed = group.group_id.as_u128() ^ thing.thing_id.as_u128().rotate_left(64);
    uuid::Builder::from_custom_bytes(mixed.to_be_bytes()).into_uuid()
}
