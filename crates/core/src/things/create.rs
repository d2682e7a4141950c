//! Making a thing.

use thingsmith_model::{BillingGroupName, ThingName, ThingTypeName};
use thingsmith_ports::{Batch, Hold, StoreError};

use super::{Attributes, Link, Thing, events, find_type, rows, settled};
use crate::realms::RealmRecord;
use crate::tries::{Attempt, Tries};
use crate::{Code, Deeds, Fault, billing_groups, thing_types};

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
/// or a billing group that is not there, `InvalidRequestException` for too many attributes and for a deprecated type.
pub async fn create_thing(deeds: &Deeds, realm: &RealmRecord, new: NewThing) -> Result<Thing, Fault> {
    let mut thing = Thing {
        attributes: settled(new.attributes, new.thing_type.is_some())?,
        number: deeds.number().await?,
        thing_id: deeds.uuid(),
        version: 1,
        name: new.name,
        thing_type: None,
        billing_group: None,
    };
    let tries = Tries::default();
    loop {
        let (of_type, group) = (new.thing_type.as_ref(), new.billing_group.as_ref());
        let outcome = match belong(deeds, realm, &mut thing, of_type, group).await {
            Ok(()) => create_once(deeds, realm, &thing).await,
            Err(fault) => already_there(deeds, realm, &thing, fault).await,
        };
        if let Some(done) = tries.settle(outcome).await? {
            if done.number == thing.number {
                events::tell(deeds, realm, "CREATED", &done).await;
                events::tell_association(deeds, realm, "ADDED", &done).await;
            }
            return Ok(done);
        }
    }
}

/// Looks up what the thing is to belong to: by the next try it may be another.
async fn belong(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &mut Thing,
    thing_type: Option<&ThingTypeName>,
    billing_group: Option<&BillingGroupName>,
) -> Result<(), Fault> {
    if let Some(name) = thing_type {
        thing.thing_type = Some(find_type(deeds, realm, name).await?);
    }
    if let Some(name) = billing_group {
        let group = billing_groups::describe_billing_group(deeds, realm, name).await?;
        thing.billing_group = Some(Link {
            number: group.number,
            name: group.name,
        });
    }
    Ok(())
}

/// A fault of a later try, unless this very thing was made by one before it, whose commit was not answered.
async fn already_there(
    deeds: &Deeds,
    realm: &RealmRecord,
    thing: &Thing,
    fault: Fault,
) -> Result<Thing, Attempt> {
    match rows::find(deeds.store(), realm.realm, &thing.name).await? {
        Some(existing) if existing.number == thing.number => Ok(existing),
        _ => Err(fault.into()),
    }
}

async fn create_once(deeds: &Deeds, realm: &RealmRecord, thing: &Thing) -> Result<Thing, Attempt> {
    let mut batch = Batch::new();
    rows::insert(&mut batch, realm.realm, thing)?;
    if let Some(link) = &thing.thing_type {
        thing_types::rows::hold_current(&mut batch, realm.realm, link.number);
    }
    if let Some(link) = &thing.billing_group {
        billing_groups::rows::hold(&mut batch, realm.realm, link.number, Hold::Shared);
    }
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
    if existing.number == thing.number
        || (
            &existing.attributes,
            &existing.thing_type,
            &existing.billing_group,
        ) == (&thing.attributes, &thing.thing_type, &thing.billing_group)
    {
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
