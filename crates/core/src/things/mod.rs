//! Things: the records of devices.

mod create;
mod delete;
mod describe;
mod list;
mod principals;
pub mod rows;
mod update;

use std::collections::BTreeMap;

use thingsmith_model::{AttributeName, AttributeValue, ThingName};
use uuid::Uuid;

pub use create::{NewThing, create_thing};
pub use delete::delete_thing;
pub use describe::describe_thing;
pub use list::{AttributeFilter, ThingFilter, list_things};
pub use principals::{attach_thing_principal, detach_thing_principal, list_thing_principals};
pub use update::{ThingUpdate, update_thing};

use crate::Fault;

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
}

/// Attributes that a thing without a type may have (AWS's quota "Maximum number of thing attributes for a thing without
/// a thing type").
const ATTRIBUTES_WITHOUT_TYPE: usize = 3;

/// Leaves out attributes with an empty value, which is how AWS writes the removal of an attribute, and checks the
/// quota.
fn settled(attributes: Attributes) -> Result<Attributes, Fault> {
    let attributes: Attributes = attributes
        .into_iter()
        .filter(|(_, value)| !value.as_str().is_empty())
        .collect();
    if attributes.len() > ATTRIBUTES_WITHOUT_TYPE {
        return Err(Fault::invalid(format!(
            "A thing without a thing type can have {ATTRIBUTES_WITHOUT_TYPE} attributes; attributePayload.attributes \
             leaves {}.",
            attributes.len()
        )));
    }
    Ok(attributes)
}

fn not_found(name: &ThingName) -> Fault {
    Fault::not_found(format!("Thing {name} not found."))
}
