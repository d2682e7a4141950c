//! Things: the records of devices.

mod create;
mod delete;
mod describe;
pub(crate) mod events;
mod list;
mod principals;
pub mod rows;
mod update;

use std::collections::BTreeMap;

use thingsmith_model::{AttributeName, AttributeValue, BillingGroupName, ThingName, ThingTypeName};
use uuid::Uuid;

pub use create::{NewThing, create_thing};
pub use delete::delete_thing;
pub use describe::describe_thing;
pub use list::{AttributeFilter, ThingFilter, list_things};
pub use principals::{
    AttachedPrincipal, AttachedThing, PrincipalType, attach_thing_principal, attach_thing_principal_as,
    detach_thing_principal, list_attached_principals, list_principal_things, list_thing_principals,
};
pub use update::{ThingUpdate, update_thing};

use crate::realms::RealmRecord;
use crate::{Deeds, Fault, thing_types};

/// A thing's attributes, in order of their names.
pub type Attributes = BTreeMap<AttributeName, AttributeValue>;

/// A thing as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thing {
    /// Names the thing in attachments.
    pub number: i64,
    /// Its name, which is also its default client id.
    pub name: ThingName,
    /// AWS's `thingId`.
    pub thing_id: Uuid,
    /// 1 when made, one more after each update.
    pub version: i64,
    /// Its attributes.
    pub attributes: Attributes,
    /// Its type, if it is of one.
    pub thing_type: Option<Link<ThingTypeName>>,
    /// Its billing group, if it is in one.
    pub billing_group: Option<Link<BillingGroupName>>,
}

/// What a thing belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link<N> {
    /// Its number.
    pub number: i64,
    /// Its name.
    pub name: N,
}

impl Thing {
    /// The name of its type.
    pub fn thing_type_name(&self) -> Option<&ThingTypeName> {
        self.thing_type.as_ref().map(|link| &link.name)
    }

    /// The name of its billing group.
    pub fn billing_group_name(&self) -> Option<&BillingGroupName> {
        self.billing_group.as_ref().map(|link| &link.name)
    }
}

/// Attributes that a thing may have (AWS's quotas "Maximum number of thing attributes for a thing without a thing type" and
/// "... with a thing type"). 50 of the longest fit into the 47 KB that a thing may have in all.
const ATTRIBUTES_WITHOUT_TYPE: usize = 3;
const ATTRIBUTES_WITH_TYPE: usize = 50;

/// Leaves out attributes with an empty value, which is how AWS writes the removal of an attribute, and checks the
/// quota.
pub(crate) fn settled(attributes: Attributes, has_type: bool) -> Result<Attributes, Fault> {
    let attributes: Attributes = attributes
        .into_iter()
        .filter(|(_, value)| !value.as_str().is_empty())
        .collect();
    let (limit, with) = match has_type {
        false => (ATTRIBUTES_WITHOUT_TYPE, "without"),
        true => (ATTRIBUTES_WITH_TYPE, "with"),
    };
    if attributes.len() > limit {
        return Err(Fault::invalid(format!(
            "A thing {with} a thing type can have {limit} attributes; attributePayload.attributes leaves {}.",
            attributes.len()
        )));
    }
    Ok(attributes)
}

/// The type of this name for a thing that is to be of it.
pub(crate) async fn find_type(
    deeds: &Deeds,
    realm: &RealmRecord,
    name: &ThingTypeName,
) -> Result<Link<ThingTypeName>, Fault> {
    let found = thing_types::describe_thing_type(deeds, realm, name).await?;
    if found.deprecated_at.is_some() {
        return Err(Fault::invalid(format!(
            "Thing type {name} is deprecated: no further thing can be of it."
        )));
    }
    Ok(Link {
        number: found.number,
        name: found.name,
    })
}

fn not_found(name: &ThingName) -> Fault {
    Fault::not_found(format!("Thing {name} not found."))
}
