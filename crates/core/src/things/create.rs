//! Making a thing.

use thingsmith_model::{BillingGroupName, ThingName, ThingTypeName};
use thingsmith_ports::{Batch, StoreError};

use super::{Attributes, Thing, rows, settled};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault};

/// What a new thing is to be.
#[derive(Debug, Clone)]
pub struct NewThing {
    /// Its name.
    pub name: ThingName,
    /// Its type.
    pub thing_type: Option<ThingTypeName>,
    /// Its attributes; those with an empty value are left out.
    pub attributes: Attributes,
    /// Its billing group.
    pub billing_group: Option<BillingGroupName>,
}

/// Makes a thing. Asking twice for the same gives back the same thing.
///
/// # Errors
/// `ResourceAlreadyExistsException` when the name is taken with other settings, `ResourceNotFoundException` for a type
/// or a billing group that is not there, `InvalidRequestException` for too many attributes.
pub async fn create_thing(deeds: &Deeds, realm: &RealmRecord, new: NewThing) -> Result<Thing, Fault> {
    if let Some(name) = &new.thing_type {
        return Err(Fault::not_found(format!("Thing type {name} not found.")));
    }
    if let Some(name) = &new.billing_group {
        return Err(Fault::not_found(format!("Billing group {name} not found.")));
    }
    let thing = Thing {
        number: deeds.number().await?,
        thing_id: deeds.uuid(),
        version: 1,
        attributes: settled(new.attributes)?,
        name: new.name,
    };
    let mut tries = Tries::default();
    loop {
        let outcome = create_once(deeds, realm, &thing).await;
        if let Some(done) = tries.settle(outcome).await? {
            return Ok(done);
        }
    }
}

async fn create_once(deeds: &Deeds, realm: &RealmRecord, thing: &Thing) -> Result<Thing, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, thing)?;
    match deeds.commit(batch).await {
        Ok(_) => return Ok(thing.clone()),
        Err(StoreError::Duplicate(_)) => {}
        Err(error) => return Err(error.into()),
    }
    let taken = rows::find(deeds.store(), realm.realm, &thing.name).await?;
    // A thing that was deleted in between leaves its name free.
    let Some(existing) = taken else {
        return Err(StoreError::Guard(0).into());
    };
    // The same thing once more; or this very one, whose commit was not answered, whatever has become of it since.
    if existing.attributes == thing.attributes || existing.number == thing.number {
        return Ok(existing);
    }
    let arn = realm.arn(thingsmith_model::Resource::Thing(thing.name.clone()));
    Err(Fault::new(
        Code::ResourceAlreadyExists,
        format!(
            "Thing {} already exists in the account with different settings.",
            thing.name
        ),
    )
    .with("resourceId", &thing.name)
    .with("resourceArn", arn)
    .into())
}
