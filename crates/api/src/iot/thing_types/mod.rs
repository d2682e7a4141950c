//! Operations on thing types.

mod create_thing_type;
mod delete_thing_type;
mod deprecate_thing_type;
mod describe_thing_type;
mod list_thing_types;
mod update_thing_type;

use serde::{Deserialize, Serialize};
use thingsmith_core::thing_types::{PropagatingAttribute, ThingType};
use thingsmith_model::{AttributeName, Timestamp};

pub use create_thing_type::CreateThingType;
pub use delete_thing_type::DeleteThingType;
pub use deprecate_thing_type::DeprecateThingType;
pub use describe_thing_type::DescribeThingType;
pub use list_thing_types::ListThingTypes;
pub use update_thing_type::UpdateThingType;

/// AWS's `ThingTypeProperties`.
#[derive(Serialize, Deserialize, Default)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thing_type_description: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    searchable_attributes: Option<Vec<AttributeName>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mqtt5_configuration: Option<Mqtt5Configuration>,
}

/// AWS's `Mqtt5Configuration`.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mqtt5Configuration {
    #[serde(default)]
    propagating_attributes: Option<Vec<PropagatingAttribute>>,
}

/// AWS's `ThingTypeMetadata`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Metadata {
    deprecated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    deprecation_date: Option<f64>,
    creation_date: f64,
}

impl Properties {
    fn of(thing_type: &ThingType) -> Self {
        let properties = &thing_type.properties;
        let propagating = properties.propagating_attributes.clone();
        Self {
            thing_type_description: properties.description.clone(),
            searchable_attributes: Some(properties.searchable_attributes.clone()),
            mqtt5_configuration: propagating.map(|attributes| Mqtt5Configuration {
                propagating_attributes: Some(attributes),
            }),
        }
    }

    /// The propagating attributes, where an MQTT 5 configuration is given.
    fn propagating_attributes(&mut self) -> Option<Vec<PropagatingAttribute>> {
        let configuration = self.mqtt5_configuration.take()?;
        Some(configuration.propagating_attributes.unwrap_or_default())
    }
}

impl Metadata {
    fn of(thing_type: &ThingType) -> Self {
        Self {
            deprecated: thing_type.deprecated_at.is_some(),
            deprecation_date: thing_type.deprecated_at.map(Timestamp::as_seconds_f64),
            creation_date: thing_type.created_at.as_seconds_f64(),
        }
    }
}
