//! Making a thing group.

use thingsmith_model::{Resource, ThingGroupName};
use thingsmith_ports::{Batch, Hold};

use super::events::{self, Operation};
use super::{CHILDREN, DEPTH, ThingGroup, not_found, rows, settled};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::things::Attributes;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// What a new thing group is to be.
#[derive(Debug, Clone)]
pub struct NewThingGroup {
    /// Its name.
    pub name: ThingGroupName,
    /// The group above it.
    pub parent: Option<ThingGroupName>,
    /// What it is for.
    pub description: Option<String>,
    /// Its attributes; those with an empty value are left out.
    pub attributes: Attributes,
    /// Its tags.
    pub tags: Tags,
}

/// Makes a thing group. Asking twice for the same gives back the same group.
///
/// # Errors
/// `ResourceAlreadyExistsException` when the name is taken with other settings, `InvalidRequestException` for a parent that
/// is not there, stands too deep or has as many children as it may have, and for too many attributes. (AWS lists no
/// `ResourceNotFoundException` for this.)
pub async fn create_thing_group(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewThingGroup,
) -> Result<ThingGroup, Fault> {
    let number = deeds.number().await?;
    let wanted = ThingGroup {
        number,
        group_id: deeds.uuid(),
        version: 1,
        parent: 0,
        root: number,
        depth: 1,
        description: new.description,
        attributes: settled(new.attributes)?,
        created_at: deeds.clock().now(),
        name: new.name,
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, wanted.clone(), new.parent.as_ref(), &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            if done.number == wanted.number {
                events::group(deeds, realm, Operation::Created, &done).await;
            }
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    mut group: ThingGroup,
    parent: Option<&ThingGroupName>,
    tags: &Tags,
) -> Result<ThingGroup, Attempt> {
    let store = deeds.store();
    // The name first: a group that is there answers, though its parent may be full by now.
    if let Some(existing) = rows::find(store, realm.realm, &group.name).await? {
        return found(deeds, realm, &group, parent, tags, existing).await;
    }
    let mut batch = Batch::new();
    if let Some(name) = parent {
        let parent = rows::find(store, realm.realm, name)
            .await?
            .ok_or_else(|| Fault::invalid(format!("parentGroupName: {}", not_found(name).message)))?;
        if parent.depth >= DEPTH {
            return Err(Fault::invalid(format!(
                "Thing group {name} is at depth {}, the deepest that there can be.",
                parent.depth
            ))
            .into());
        }
        if rows::children(store, realm.realm, parent.number).await? >= CHILDREN {
            return Err(Fault::invalid(format!(
                "Thing group {name} has {CHILDREN} child groups, the most that it may have."
            ))
            .into());
        }
        group.parent = parent.number;
        group.root = parent.root;
        group.depth = parent.depth + 1;
        // Exclusive, since its children are counted.
        rows::hold(&mut batch, realm.realm, parent.number, Hold::Exclusive);
    }
    rows::insert(&mut batch, realm.realm, &group, CHILDREN)?;
    tags::rows::insert(&mut batch, realm.realm, group.number, tags);
    // When somebody else was faster with the name, the next try finds it.
    deeds.commit(batch).await?;
    Ok(group)
}

/// The group that has the name: the same once more, or this very one, whose commit was not answered, whatever has become
/// of it since.
async fn found(
    deeds: &Deeds,
    realm: &RealmRecord,
    wanted: &ThingGroup,
    parent: Option<&ThingGroupName>,
    tags: &Tags,
    existing: ThingGroup,
) -> Result<ThingGroup, Attempt> {
    if existing.number == wanted.number {
        return Ok(existing);
    }
    let above = rows::line(deeds.store(), realm.realm, existing.parent).await?;
    let same = above.last().map(|group| &group.name) == parent
        && existing.description == wanted.description
        && existing.attributes == wanted.attributes
        && tags::same(deeds, realm, existing.number, tags).await?;
    if same {
        return Ok(existing);
    }
    let arn = realm.arn(Resource::ThingGroup(existing.name.clone()));
    Err(Fault::new(
        Code::ResourceAlreadyExists,
        format!(
            "Thing group {} already exists in the account with different settings.",
            existing.name
        ),
    )
    .with("resourceId", &existing.name)
    .with("resourceArn", arn)
    .into())
}
