//! What is told of things.

use serde_json::json;

use super::Thing;
use crate::Deeds;
use crate::events::{self, EventType};
use crate::realms::RealmRecord;

/// Tells that a thing was made, changed or deleted (guide, "Thing created/updated/deleted").
pub(crate) async fn tell(deeds: &Deeds, realm: &RealmRecord, operation: &'static str, thing: &Thing) {
    events::tell(deeds, realm, EventType::Thing, || {
        let topic = format!(
            "$aws/events/thing/{}/{}",
            thing.name,
            operation.to_ascii_lowercase()
        );
        let members = json!({
            "operation": operation,
            "accountId": realm.account.as_str(),
            "thingId": thing.thing_id.to_string(),
            "thingName": thing.name.as_str(),
            "versionNumber": thing.version,
            "thingTypeName": thing.thing_type_name(),
            "attributes": thing.attributes,
        });
        (topic, members)
    })
    .await;
}

/// Tells that a thing came to be of its type or no longer is; nothing for a thing without one (guide, "Thing type
/// associated or disassociated with a thing").
pub(crate) async fn tell_association(
    deeds: &Deeds,
    realm: &RealmRecord,
    operation: &'static str,
    thing: &Thing,
) {
    let Some(thing_type) = thing.thing_type_name() else {
        return;
    };
    events::tell(deeds, realm, EventType::ThingTypeAssociation, || {
        let topic = format!(
            "$aws/events/thingTypeAssociation/thing/{}/thingType/{thing_type}/{}",
            thing.name,
            operation.to_ascii_lowercase()
        );
        let members = json!({
            "operation": operation,
            "thingId": thing.thing_id.to_string(),
            "thingName": thing.name.as_str(),
            "thingTypeName": thing_type.as_str(),
        });
        (topic, members)
    })
    .await;
}
