//! What is told of thing types.

use serde_json::json;
use thingsmith_model::Timestamp;

use super::ThingType;
use crate::Deeds;
use crate::events::{self, EventType};
use crate::realms::RealmRecord;

/// Tells that a type was made, changed or deleted (guide, "Thing type created/updated/deprecated/undeprecated/deleted").
pub(super) async fn tell(
    deeds: &Deeds,
    realm: &RealmRecord,
    operation: &'static str,
    thing_type: &ThingType,
) {
    events::tell(deeds, realm, EventType::ThingType, || {
        let topic = format!(
            "$aws/events/thingType/{}/{}",
            thing_type.name,
            operation.to_ascii_lowercase()
        );
        let members = json!({
            "operation": operation,
            "accountId": realm.account.as_str(),
            "thingTypeId": thing_type.thing_type_id.to_string(),
            "thingTypeName": thing_type.name.as_str(),
            "isDeprecated": thing_type.deprecated_at.is_some(),
            "deprecationDate": thing_type.deprecated_at.map(Timestamp::as_millis),
            "searchableAttributes": thing_type.properties.searchable_attributes,
            "propagatingAttributes": thing_type.properties.propagating_attributes.as_deref().unwrap_or_default(),
            "description": thing_type.properties.description,
        });
        (topic, members)
    })
    .await;
}
