//! What the broker adds to a device's messages: the propagating attributes of its thing's type, as user properties (guide,
//! "Thing types").

use std::sync::Arc;

use thingsmith_mqtt::{Message, UserProperties};

use super::rows::ConnectedThing;
use crate::thing_types::{ConnectionAttribute, PropagatingAttribute};

/// The user properties of every message that a client publishes as this thing, in the order of its type. An attribute
/// without a value has none. Only connections over MQTT, which have a client id, are a thing's.
pub(super) fn user_properties(thing: Option<&ConnectedThing>, client_id: &str) -> UserProperties {
    let Some(thing) = thing.filter(|_| !client_id.is_empty()) else {
        return UserProperties::new();
    };
    let propagating = thing.thing_type.iter().flat_map(|found| &found.propagating);
    let property = |attribute: &PropagatingAttribute| {
        let value = value(attribute, thing, client_id)?;
        Some((attribute.user_property_key.clone(), value.to_owned()))
    };
    let mut properties: UserProperties = propagating.filter_map(property).collect();
    // A connection keeps them for as long as it lives.
    properties.shrink_to_fit();
    properties
}

fn value<'t>(
    attribute: &PropagatingAttribute,
    thing: &'t ConnectedThing,
    client_id: &'t str,
) -> Option<&'t str> {
    if let Some(name) = &attribute.thing_attribute {
        return thing.attributes.get(name.as_str()).map(String::as_str);
    }
    match attribute.connection_attribute.as_deref()?.parse().ok()? {
        ConnectionAttribute::ClientId => Some(client_id),
        ConnectionAttribute::ThingName => Some(&thing.name),
    }
}

/// Adds user properties behind those that a message has already: a client that keeps one value for each key keeps ours.
pub(super) fn add(properties: &[(String, String)], message: &mut Message) {
    if properties.is_empty() {
        return;
    }
    let message = Arc::make_mut(message.properties.get_or_insert_default());
    message.user_properties.extend_from_slice(properties);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::rows::ConnectedType;
    use super::*;

    fn attribute(key: &str, thing: Option<&str>, connection: Option<&str>) -> PropagatingAttribute {
        PropagatingAttribute {
            user_property_key: key.to_owned(),
            thing_attribute: thing.map(|name| name.parse().unwrap()),
            connection_attribute: connection.map(str::to_owned),
        }
    }

    fn thing(propagating: Vec<PropagatingAttribute>) -> ConnectedThing {
        ConnectedThing {
            number: 1,
            name: "pump".to_owned(),
            thing_type: Some(ConnectedType {
                number: 2,
                name: "Pump".to_owned(),
                propagating,
            }),
            attributes: BTreeMap::from([("hall".to_owned(), "north".to_owned())]),
            exclusive: false,
        }
    }

    #[test]
    fn what_has_a_value_is_told_in_the_order_of_the_type() {
        let thing = thing(vec![
            attribute("name", None, Some("iot:Thing.ThingName")),
            attribute("hall", Some("hall"), None),
            attribute("floor", Some("floor"), None),
            attribute("id", None, Some("iot:ClientId")),
            attribute("other", None, Some("iot:Other")),
        ]);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(
            user_properties(Some(&thing), "c"),
            [pair("name", "pump"), pair("hall", "north"), pair("id", "c")]
        );
        assert_eq!(
            user_properties(Some(&thing), ""),
            [],
            "it is no connection over MQTT"
        );
        assert_eq!(user_properties(None, "c"), [], "it is no thing's");
    }
}
