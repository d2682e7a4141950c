//! Propagating attributes: what a thing's type adds to the messages of its devices.

use std::sync::Arc;
use std::time::Duration;

use thingsmith_core::tags::Tags;
use thingsmith_core::thing_types::{self, NewThingType, PropagatingAttribute, Properties, Update};
use thingsmith_core::things::{self, NewThing, PrincipalType, ThingUpdate};
use thingsmith_gateway::Config;
use thingsmith_mqtt::Qos::{AtLeastOnce, AtMostOnce};
use thingsmith_mqtt::{
    Connect, ConnectProperties, MessageProperties, Packet, Publish, PublishQos, UserProperties, Will,
};
use thingsmith_testkit::Engine;

use super::lab::{EVERYTHING, Lab, PATIENCE};
use super::wire::{Wire, connect_5, id, message};

const SECOND: Duration = Duration::from_secs(1);

/// A key and where its value comes from: `iot:...` is of the connection, else it is the thing's.
fn propagating(pairs: &[(&str, &str)]) -> Vec<PropagatingAttribute> {
    let attribute = |(key, from): &(&str, &str)| {
        let of_connection = from.starts_with("iot:");
        PropagatingAttribute {
            user_property_key: (*key).to_owned(),
            thing_attribute: (!of_connection).then(|| from.parse().unwrap()),
            connection_attribute: of_connection.then(|| (*from).to_owned()),
        }
    };
    pairs.iter().map(attribute).collect()
}

async fn thing_type(lab: &Lab, name: &str, pairs: &[(&str, &str)]) {
    let new = NewThingType {
        name: name.parse().unwrap(),
        properties: Properties {
            propagating_attributes: Some(propagating(pairs)),
            ..Properties::default()
        },
        tags: Tags::new(),
    };
    thing_types::create_thing_type(&lab.server.deeds, &lab.realm, new)
        .await
        .unwrap();
}

/// A thing in the hall "north".
async fn thing(lab: &Lab, name: &str, thing_type: Option<&str>) {
    let new = NewThing {
        name: name.parse().unwrap(),
        thing_type: thing_type.map(|name| name.parse().unwrap()),
        attributes: [("hall".parse().unwrap(), "north".parse().unwrap())].into(),
        billing_group: None,
    };
    things::create_thing(&lab.server.deeds, &lab.realm, new)
        .await
        .unwrap();
}

async fn update(lab: &Lab, name: &str, update: ThingUpdate) {
    things::update_thing(&lab.server.deeds, &lab.realm, &name.parse().unwrap(), update)
        .await
        .unwrap();
}

async fn witness(lab: &Lab) -> Wire {
    let device = lab.device(EVERYTHING).await;
    let mut witness = lab
        .dial(&device)
        .try_connect_as(connect_5("witness"))
        .await
        .unwrap();
    witness.subscribe("#", AtMostOnce).await;
    witness
}

async fn properties(wire: &mut Wire) -> UserProperties {
    let properties = wire.delivery().await.message.properties;
    properties.map_or_else(Vec::new, |properties| properties.user_properties.clone())
}

/// What comes to the witness of a message that is sent without properties.
async fn added(wire: &mut Wire, witness: &mut Wire) -> UserProperties {
    assert!(wire.publish("a", b"x").await);
    properties(witness).await
}

fn pairs(pairs: &[(&str, &str)]) -> UserProperties {
    let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    pairs.iter().map(owned).collect()
}

#[tokio::test]
async fn the_attributes_of_a_things_type_travel_with_its_messages() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let mut witness = witness(&lab).await;
        thing_type(
            &lab,
            "Pump",
            &[
                ("where", "hall"),
                ("floor", "floor"),
                ("id", "iot:ClientId"),
                ("name", "iot:Thing.ThingName"),
            ],
        )
        .await;
        thing(&lab, "pump", Some("Pump")).await;
        let device = lab.device(EVERYTHING).await;
        lab.attach_to_thing(&device, "pump").await;
        // The thing has no floor.
        let expected = pairs(&[("where", "north"), ("id", "pump"), ("name", "pump")]);
        let mut new = lab.dial(&device).try_connect_as(connect_5("pump")).await.unwrap();
        assert_eq!(added(&mut new, &mut witness).await, expected);
        // The same after it was read anew.
        lab.advance(SECOND);
        assert_eq!(added(&mut new, &mut witness).await, expected);

        // Behind what the message has already, also under the same key.
        let own = MessageProperties {
            content_type: Some("text/plain".to_owned()),
            user_properties: pairs(&[("where", "nowhere"), ("unit", "bar")]),
            ..MessageProperties::default()
        };
        let mut said = message("a", b"x");
        said.properties = Some(Arc::new(own.clone()));
        new.send(&Packet::Publish(Publish {
            message: said,
            qos: PublishQos::AtMostOnce,
            duplicate: false,
            topic_alias: None,
        }))
        .await;
        let all = MessageProperties {
            user_properties: [own.user_properties.clone(), expected.clone()].concat(),
            ..own
        };
        let came = witness.delivery().await.message;
        assert_eq!(came.properties.as_deref(), Some(&all));

        // A device of MQTT 3.1.1 says no properties, and has its added.
        let mut old = lab.dial(&device).connect("pump").await;
        assert_eq!(added(&mut old, &mut witness).await, expected);
        // Under another client id the connection is not the thing's.
        let mut other = lab.dial(&device).connect("other").await;
        assert_eq!(added(&mut other, &mut witness).await, []);
        lab.stop().await;
    }
}

#[tokio::test]
async fn nothing_is_added_for_things_without_such_a_type_nor_for_strangers() {
    let lab = Lab::start().await;
    let mut witness = witness(&lab).await;
    thing_type(&lab, "Pump", &[("where", "hall")]).await;
    thing_type(&lab, "Valve", &[("floor", "floor")]).await;
    thing_type(&lab, "Meter", &[]).await;
    for (name, of) in [
        ("pump", Some("Pump")),
        ("valve", Some("Valve")),
        ("meter", Some("Meter")),
        ("plain", None),
    ] {
        thing(&lab, name, of).await;
        let device = lab.device(EVERYTHING).await;
        if name != "pump" {
            lab.attach_to_thing(&device, name).await;
        }
        let mut wire = lab.dial(&device).connect(name).await;
        assert_eq!(added(&mut wire, &mut witness).await, [], "{name}");
    }
}

#[tokio::test]
async fn an_exclusive_thing_speaks_under_any_client_id_and_not_over_https() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let mut witness = witness(&lab).await;
        thing_type(
            &lab,
            "Pump",
            &[("id", "iot:ClientId"), ("name", "iot:Thing.ThingName")],
        )
        .await;
        thing(&lab, "pump", Some("Pump")).await;
        let device = lab.device(EVERYTHING).await;
        let exclusive = Some(PrincipalType::Exclusive);
        let name = "pump".parse().unwrap();
        things::attach_thing_principal_as(&lab.server.deeds, &lab.realm, &name, &device.arn, exclusive)
            .await
            .unwrap();
        let mut wire = lab.dial(&device).connect("anything").await;
        assert_eq!(
            added(&mut wire, &mut witness).await,
            pairs(&[("id", "anything"), ("name", "pump")])
        );
        let mut request = lab.dial(&device).at(lab.https).tls().await.unwrap();
        request
            .bytes(b"POST /topics/a?qos=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
            .await;
        let answer = request.rest().await;
        assert!(answer.starts_with(b"HTTP/1.1 200"), "{answer:?}");
        assert_eq!(properties(&mut witness).await, []);
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_change_of_the_thing_or_its_type_is_felt_at_the_next_message() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let (deeds, realm) = (&lab.server.deeds, &lab.realm);
        let mut witness = witness(&lab).await;
        thing_type(&lab, "Pump", &[]).await;
        thing(&lab, "pump", None).await;
        let device = lab.device(EVERYTHING).await;
        lab.attach_to_thing(&device, "pump").await;
        let mut wire = lab.dial(&device).connect("pump").await;
        assert_eq!(added(&mut wire, &mut witness).await, []);

        let typed = ThingUpdate {
            thing_type: Some("Pump".parse().unwrap()),
            ..ThingUpdate::default()
        };
        update(&lab, "pump", typed).await;
        assert_eq!(added(&mut wire, &mut witness).await, []);
        let changed = |pairs| Update {
            propagating_attributes: Some(propagating(pairs)),
            ..Update::default()
        };
        let pump = "Pump".parse().unwrap();
        // Nothing is turned but what was changed: the clock stands, so that only the announcement tells.
        thing_types::update_thing_type(deeds, realm, &pump, &changed(&[("where", "hall")]))
            .await
            .unwrap();
        assert_eq!(added(&mut wire, &mut witness).await, pairs(&[("where", "north")]));
        let moved = ThingUpdate {
            attributes: Some([("hall".parse().unwrap(), "south".parse().unwrap())].into()),
            ..ThingUpdate::default()
        };
        update(&lab, "pump", moved).await;
        assert_eq!(added(&mut wire, &mut witness).await, pairs(&[("where", "south")]));
        thing_types::update_thing_type(deeds, realm, &pump, &changed(&[]))
            .await
            .unwrap();
        assert_eq!(added(&mut wire, &mut witness).await, []);
        thing_types::update_thing_type(deeds, realm, &pump, &changed(&[("k", "hall")]))
            .await
            .unwrap();
        assert_eq!(added(&mut wire, &mut witness).await, pairs(&[("k", "south")]));
        let name = "pump".parse().unwrap();
        things::detach_thing_principal(deeds, realm, &name, &device.arn)
            .await
            .unwrap();
        assert_eq!(
            added(&mut wire, &mut witness).await,
            [],
            "it is its thing no more"
        );
        lab.stop().await;
    }
}

#[tokio::test]
async fn another_node_hears_of_a_changed_type() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let Some(node) = lab.another_node().await else {
            continue;
        };
        thing_type(&lab, "Pump", &[]).await;
        thing(&lab, "pump", Some("Pump")).await;
        let device = lab.device(EVERYTHING).await;
        lab.attach_to_thing(&device, "pump").await;
        let watcher = lab.device(EVERYTHING).await;
        let dial = lab.dial(&watcher).at(node.address);
        let mut witness = dial.try_connect_as(connect_5("witness")).await.unwrap();
        witness.subscribe("#", AtMostOnce).await;
        let mut wire = lab.dial(&device).at(node.address).connect("pump").await;
        assert_eq!(added(&mut wire, &mut witness).await, []);
        let change = Update {
            propagating_attributes: Some(propagating(&[("where", "hall")])),
            ..Update::default()
        };
        let name = "Pump".parse().unwrap();
        thing_types::update_thing_type(&lab.server.deeds, &lab.realm, &name, &change)
            .await
            .unwrap();
        let heard = async { while added(&mut wire, &mut witness).await != pairs(&[("where", "north")]) {} };
        tokio::time::timeout(PATIENCE, heard).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_kept_and_wills_have_them_too() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        thing_type(&lab, "Pump", &[("where", "hall")]).await;
        thing(&lab, "pump", Some("Pump")).await;
        let device = lab.device(EVERYTHING).await;
        lab.attach_to_thing(&device, "pump").await;
        let expected = pairs(&[("where", "north")]);

        // Retained, and waiting for a session that is not connected.
        let sleeper = Connect {
            properties: ConnectProperties {
                session_expiry_seconds: 3600,
                ..ConnectProperties::default()
            },
            clean_session: false,
            ..connect_5("sleeper")
        };
        let watcher = lab.device(EVERYTHING).await;
        let mut wire = lab.dial(&watcher).open(sleeper.clone()).await.unwrap().0;
        wire.subscribe("a", AtLeastOnce).await;
        drop(wire);
        lab.until_connected(0).await;
        let mut retained = message("a", b"x");
        retained.retain = true;
        let will = Will {
            message: message("gone", b"x"),
            qos: AtLeastOnce,
            delay_seconds: 0,
        };
        let connect = Connect {
            will: Some(will),
            ..connect_5("pump")
        };
        let mut pump = lab.dial(&device).try_connect_as(connect).await.unwrap();
        pump.send(&Packet::Publish(Publish {
            message: retained,
            qos: PublishQos::AtLeastOnce(id(1)),
            duplicate: false,
            topic_alias: None,
        }))
        .await;
        assert!(matches!(pump.next().await, Some(Packet::PubAck(_))));
        let (mut wire, present) = lab.dial(&watcher).open(sleeper).await.unwrap();
        assert!(present);
        assert_eq!(properties(&mut wire).await, expected, "it waited");
        let mut late = lab
            .dial(&watcher)
            .try_connect_as(connect_5("late"))
            .await
            .unwrap();
        late.subscribe("gone", AtMostOnce).await;
        late.subscribe("a", AtMostOnce).await;
        assert_eq!(properties(&mut late).await, expected, "it was retained");
        drop(pump);
        assert_eq!(properties(&mut late).await, expected, "it is a will");
        lab.stop().await;
    }
}
