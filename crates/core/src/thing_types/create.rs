//! Making a thing type.

use thingsmith_model::ThingTypeName;
use thingsmith_ports::{Batch, StoreError};

use super::{Properties, ThingType, events, rows};
use crate::realms::RealmRecord;
use crate::tags::{self, Tags};
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// What a new thing type is to be.
#[derive(Debug, Clone)]
pub struct NewThingType {
    /// Its name.
    pub name: ThingTypeName,
    /// What it says of itself.
    pub properties: Properties,
    /// Its tags.
    pub tags: Tags,
}

/// Makes a thing type. Asking twice for the same gives back the same type.
///
/// # Errors
/// `ResourceAlreadyExistsException` when the name is taken with other settings, `InvalidRequestException` for properties
/// that no type can have.
pub async fn create_thing_type(
    deeds: &Deeds,
    realm: &RealmRecord,
    new: NewThingType,
) -> Result<ThingType, Fault> {
    new.properties.check()?;
    let thing_type = ThingType {
        number: deeds.number().await?,
        name: new.name,
        thing_type_id: deeds.uuid(),
        properties: new.properties,
        created_at: deeds.clock().now(),
        deprecated_at: None,
        revision: 1,
    };
    let tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &thing_type, &new.tags).await;
        if let Some(done) = tries.settle(outcome).await? {
            if done.number == thing_type.number {
                events::tell(deeds, realm, "CREATED", &thing_type).await;
            }
            return Ok(done);
        }
    }
}

async fn create_once(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing_type: &ThingType,
    tags: &Tags,
) -> Result<ThingType, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, thing_type)?;
    tags::rows::insert(&mut batch, realm.realm, thing_type.number, tags);
    match deeds.commit(batch).await {
        Ok(_) => return Ok(thing_type.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    // A type that was deleted in between leaves its name free.
    let Some(existing) = rows::find(deeds.store(), realm.realm, &thing_type.name).await? else {
        return Err(StoreError::Guard(0).into());
    };
    // This very one, whose commit was not answered, or the same once more.
    if existing.number == thing_type.number
        || (existing.properties == thing_type.properties
            && tags::same(deeds, realm, existing.number, tags).await?)
    {
        return Ok(existing);
    }
    Err(Fault::new(
        Code::ResourceAlreadyExists,
        format!(
            "Thing type {} already exists in the account with different settings.",
            thing_type.name
        ),
    )
    .with("resourceId", &existing.name)
    .with("resourceArn", existing.arn(realm))
    .into())
}
