//! Thing types: what things of a kind have in common.

mod connection_attribute;
mod create;
mod delete;
mod deprecate;
mod events;
mod list;
pub mod rows;
mod update;

use serde::{Deserialize, Serialize};
use thingsmith_model::{AttributeName, Resource, ThingTypeName, Timestamp};
use uuid::Uuid;

pub use connection_attribute::ConnectionAttribute;
pub use create::{NewThingType, create_thing_type};
pub use delete::delete_thing_type;
pub use deprecate::deprecate_thing_type;
pub use list::{describe_thing_type, list_thing_types};
pub use update::{Update, update_thing_type};

use crate::Fault;
use crate::realms::RealmRecord;

/// A thing type as the registry keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThingType {
    /// Names the type in things.
    pub number: i64,
    /// Its name.
    pub name: ThingTypeName,
    /// AWS's `thingTypeId`.
    pub thing_type_id: Uuid,
    /// What it says of itself.
    pub properties: Properties,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when no further thing can be of it.
    pub deprecated_at: Option<Timestamp>,
    /// 1 when made, one more after each change.
    pub revision: i64,
}

/// What a thing type says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Properties {
    /// For people.
    pub description: Option<String>,
    /// Attributes by which its things are looked for. They bind nobody: things may have others.
    pub searchable_attributes: Vec<AttributeName>,
    /// What the broker adds to messages of its things; none where that was never said.
    pub propagating_attributes: Option<Vec<PropagatingAttribute>>,
}

/// An attribute that the broker adds to messages as a user property: of the thing, or of the connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PropagatingAttribute {
    /// The key of the user property.
    pub user_property_key: String,
    /// The attribute of the thing that gives the value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thing_attribute: Option<AttributeName>,
    /// The attribute of the connection that gives the value, as `iot:ClientId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection_attribute: Option<String>,
}

/// Attributes that a thing of a type may have, and so those that it makes sense to look for.
const SEARCHABLE_ATTRIBUTES: usize = 50;

/// AWS's quota "Maximum number of propagating attributes per thing type".
const PROPAGATING_ATTRIBUTES: usize = 20;

impl ThingType {
    /// Its ARN.
    pub fn arn(&self, realm: &RealmRecord) -> String {
        realm.arn(Resource::ThingType(self.name.clone())).to_string()
    }
}

impl Properties {
    fn check(&self) -> Result<(), Fault> {
        if self.searchable_attributes.len() > SEARCHABLE_ATTRIBUTES {
            return Err(Fault::invalid(format!(
                "thingTypeProperties.searchableAttributes has {} attributes; {SEARCHABLE_ATTRIBUTES} are allowed.",
                self.searchable_attributes.len()
            )));
        }
        let propagating = self.propagating_attributes.as_deref().unwrap_or_default();
        if propagating.len() > PROPAGATING_ATTRIBUTES {
            return Err(Fault::invalid(format!(
                "mqtt5Configuration.propagatingAttributes has {} attributes; {PROPAGATING_ATTRIBUTES} are allowed.",
                propagating.len()
            )));
        }
        for attribute in propagating {
            if attribute.thing_attribute.is_some() == attribute.connection_attribute.is_some() {
                return Err(Fault::invalid(format!(
                    "The propagating attribute {} must have either thingAttribute or connectionAttribute.",
                    attribute.user_property_key
                )));
            }
            if let Some(connection) = &attribute.connection_attribute {
                connection
                    .parse::<ConnectionAttribute>()
                    .map_err(Fault::invalid)?;
            }
        }
        Ok(())
    }
}

fn not_found(name: &ThingTypeName) -> Fault {
    Fault::not_found(format!("Thing type {name} not found."))
}
