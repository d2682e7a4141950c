//! Registry events: which are published, and what they say.

use serde_json::{Value, json};
use thingsmith_core::messages::{Deliveries, QueueLimits};
use thingsmith_mqtt::{Qos, SubscriptionOptions, TopicFilter, TopicLimits};
use thingsmith_testkit::{ACCOUNT, Client, Engine, REGION, TestServer};

use super::{Seen, named};

/// Somebody who subscribes to every event of the server's realm.
pub(super) struct Listener {
    queue: Deliveries,
}

impl Listener {
    pub(super) async fn at(server: &TestServer) -> Self {
        let realm = server
            .deeds
            .realm(&ACCOUNT.parse().unwrap(), &REGION.parse().unwrap())
            .await
            .unwrap();
        let limits = QueueLimits {
            messages: 100,
            bytes: 1_000_000,
        };
        let (subscriber, queue) = server.deeds.router().subscriber(limits);
        let filter = TopicFilter::parse("$aws/events/#", &TopicLimits::default()).unwrap();
        server.deeds.router().subscribe(
            realm.realm,
            &subscriber,
            &filter,
            Qos::AtLeastOnce,
            SubscriptionOptions::default(),
        );
        Self { queue }
    }

    /// The events until now, their topics and payloads.
    pub(super) fn heard(&mut self) -> Vec<(String, Value)> {
        let mut heard = Vec::new();
        while let Some(delivery) = self.queue.try_next() {
            assert_eq!(delivery.qos, Qos::AtLeastOnce);
            let payload = serde_json::from_slice(&delivery.message.payload).unwrap();
            heard.push((delivery.message.topic.to_string(), payload));
        }
        heard
    }

    fn topics(&mut self) -> Vec<String> {
        self.heard().into_iter().map(|(topic, _)| topic).collect()
    }
}

pub(super) async fn turn(admin: &Client, types: &[&str], on: bool) {
    let configurations: serde_json::Map<_, _> = types
        .iter()
        .map(|name| ((*name).to_owned(), json!({"Enabled": on})))
        .collect();
    let reply = named(
        admin,
        "UpdateEventConfigurations",
        json!({"eventConfigurations": configurations}),
    )
    .await;
    assert_eq!(reply.status, 200, "{reply}");
}

#[tokio::test]
async fn event_configurations_are_off_until_they_are_turned_on() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let read = || named(&admin, "DescribeEventConfigurations", json!({}));
        seen.note(&read().await);
        turn(&admin, &["THING", "JOB"], true).await;
        server.clock.advance(std::time::Duration::from_secs(60));
        turn(&admin, &["JOB"], false).await;
        // Without `Enabled` a type is turned off, and without a type nothing changes.
        for body in [
            json!({}),
            json!({"eventConfigurations": {}}),
            json!({"eventConfigurations": {"THING_TYPE": {}}}),
        ] {
            assert_eq!(named(&admin, "UpdateEventConfigurations", body).await.status, 200);
        }
        seen.note(&read().await);
        let wrong = json!({"eventConfigurations": {"THINGS": {"Enabled": true}}});
        seen.note(&named(&admin, "UpdateEventConfigurations", wrong).await);
        let wrong = json!({"eventConfigurations": {"THING": {"Enabled": "yes"}}});
        seen.note(&named(&admin, "UpdateEventConfigurations", wrong).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "eventConfigurations": {
        "THING": {
          "Enabled": false
        },
        "THING_GROUP": {
          "Enabled": false
        },
        "THING_TYPE": {
          "Enabled": false
        },
        "THING_GROUP_MEMBERSHIP": {
          "Enabled": false
        },
        "THING_GROUP_HIERARCHY": {
          "Enabled": false
        },
        "THING_TYPE_ASSOCIATION": {
          "Enabled": false
        },
        "JOB": {
          "Enabled": false
        },
        "JOB_EXECUTION": {
          "Enabled": false
        },
        "POLICY": {
          "Enabled": false
        },
        "CERTIFICATE": {
          "Enabled": false
        },
        "CA_CERTIFICATE": {
          "Enabled": false
        }
      }
    }
    200
    {
      "eventConfigurations": {
        "THING": {
          "Enabled": true
        },
        "THING_GROUP": {
          "Enabled": false
        },
        "THING_TYPE": {
          "Enabled": false
        },
        "THING_GROUP_MEMBERSHIP": {
          "Enabled": false
        },
        "THING_GROUP_HIERARCHY": {
          "Enabled": false
        },
        "THING_TYPE_ASSOCIATION": {
          "Enabled": false
        },
        "JOB": {
          "Enabled": false
        },
        "JOB_EXECUTION": {
          "Enabled": false
        },
        "POLICY": {
          "Enabled": false
        },
        "CERTIFICATE": {
          "Enabled": false
        },
        "CA_CERTIFICATE": {
          "Enabled": false
        }
      },
      "creationDate": 1795291200.123,
      "lastModifiedDate": 1795291260.123
    }
    400 InvalidRequestException
    {
      "message": "1 validation error detected: Value at 'eventConfigurations' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy enum value set: [THING, THING_GROUP, THING_TYPE, THING_GROUP_MEMBERSHIP, THING_GROUP_HIERARCHY, THING_TYPE_ASSOCIATION, JOB, JOB_EXECUTION, POLICY, CERTIFICATE, CA_CERTIFICATE]]"
    }
    400 SerializationException
    {
      "message": "'eventConfigurations.THING.member.enabled' must be true or false, not a text"
    }
    "#);
}

#[tokio::test]
async fn things_and_their_types_are_told_of() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let mut listener = Listener::at(&server).await;
        let thing = |attributes: Value, more: Value| {
            let mut input = json!({"thingName": "pump", "attributePayload": {"attributes": attributes}});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            input
        };
        // Nothing is told while it is off.
        named(&admin, "CreateThing", json!({"thingName": "quiet"})).await;
        assert_eq!(listener.topics(), [""; 0]);
        turn(&admin, &["THING", "THING_TYPE", "THING_TYPE_ASSOCIATION"], true).await;

        let properties = json!({"thingTypeDescription": "d", "searchableAttributes": ["a"]});
        let made = named(
            &admin,
            "CreateThingType",
            json!({"thingTypeName": "T", "thingTypeProperties": properties}),
        )
        .await;
        let type_id = made.text("thingTypeId");
        let [(topic, mut body)] = listener.heard().try_into().unwrap();
        assert_eq!(topic, "$aws/events/thingType/T/created");
        let id = body["eventId"].as_str().unwrap().to_owned();
        assert_eq!(id.len(), 36, "{id}");
        body["eventId"] = "ID".into();
        assert_eq!(
            body.to_string(),
            json!({
                "eventType": "THING_TYPE_EVENT", "eventId": "ID", "timestamp": 1_795_291_200_123_i64,
                "operation": "CREATED", "accountId": "123456789012", "thingTypeId": type_id, "thingTypeName": "T",
                "isDeprecated": false, "deprecationDate": null, "searchableAttributes": ["a"],
                "propagatingAttributes": [], "description": "d",
            })
            .to_string()
        );
        // The same once more is no event.
        named(
            &admin,
            "CreateThingType",
            json!({"thingTypeName": "T", "thingTypeProperties": properties}),
        )
        .await;
        assert_eq!(listener.topics(), [""; 0]);

        let input = thing(json!({"a": "v"}), json!({"thingTypeName": "T"}));
        let thing_id = named(&admin, "CreateThing", input.clone()).await.text("thingId");
        let [created, added] = listener.heard().try_into().unwrap();
        assert_eq!(created.0, "$aws/events/thing/pump/created");
        let event = |(_, mut body): (String, Value)| {
            assert_ne!(body["eventId"], id.as_str(), "each event has its own id");
            body["eventId"] = "ID".into();
            body.to_string()
        };
        let of_thing = |operation: &str, version: i64, of_type: Value, attributes: Value| {
            json!({
                "eventType": "THING_EVENT", "eventId": "ID", "timestamp": 1_795_291_200_123_i64, "operation": operation,
                "accountId": "123456789012", "thingId": thing_id, "thingName": "pump", "versionNumber": version,
                "thingTypeName": of_type, "attributes": attributes,
            })
            .to_string()
        };
        let association = |operation: &str, of_type: &str| {
            json!({
                "eventType": "THING_TYPE_ASSOCIATION_EVENT", "eventId": "ID", "timestamp": 1_795_291_200_123_i64,
                "operation": operation, "thingId": thing_id, "thingName": "pump", "thingTypeName": of_type,
            })
            .to_string()
        };
        assert_eq!(
            event(created),
            of_thing("CREATED", 1, json!("T"), json!({"a": "v"}))
        );
        assert_eq!(
            added.0,
            "$aws/events/thingTypeAssociation/thing/pump/thingType/T/added"
        );
        assert_eq!(event(added), association("ADDED", "T"));
        named(&admin, "CreateThing", input).await;
        // Neither is what is refused.
        named(&admin, "CreateThing", json!({"thingName": "pump"})).await;
        named(
            &admin,
            "UpdateThing",
            thing(json!({}), json!({"expectedVersion": 9})),
        )
        .await;
        assert_eq!(listener.topics(), [""; 0]);

        named(&admin, "CreateThingType", json!({"thingTypeName": "U"})).await;
        named(
            &admin,
            "UpdateThing",
            thing(json!({}), json!({"thingTypeName": "U"})),
        )
        .await;
        let [_, updated, removed, added] = listener.heard().try_into().unwrap();
        assert_eq!(updated.0, "$aws/events/thing/pump/updated");
        assert_eq!(event(updated), of_thing("UPDATED", 2, json!("U"), json!({})));
        assert_eq!(
            removed.0,
            "$aws/events/thingTypeAssociation/thing/pump/thingType/T/removed"
        );
        assert_eq!(event(removed), association("REMOVED", "T"));
        assert_eq!(event(added), association("ADDED", "U"));

        named(&admin, "DeprecateThingType", json!({"thingTypeName": "T"})).await;
        named(&admin, "DeprecateThingType", json!({"thingTypeName": "T"})).await;
        let [(topic, body)] = listener.heard().try_into().unwrap();
        assert_eq!(topic, "$aws/events/thingType/T/updated");
        assert_eq!(
            (&body["isDeprecated"], &body["deprecationDate"]),
            (&json!(true), &json!(1_795_291_200_123_i64))
        );

        turn(&admin, &["THING_TYPE"], false).await;
        named(&admin, "DeleteThing", json!({"thingName": "pump"})).await;
        named(&admin, "DeleteThing", json!({"thingName": "pump"})).await;
        let [removed, deleted] = listener.heard().try_into().unwrap();
        assert_eq!(event(removed), association("REMOVED", "U"));
        assert_eq!(deleted.0, "$aws/events/thing/pump/deleted");
        assert_eq!(event(deleted), of_thing("DELETED", 2, json!("U"), json!({})));

        server.clock.advance(std::time::Duration::from_secs(300));
        named(&admin, "DeleteThingType", json!({"thingTypeName": "T"})).await;
        assert_eq!(listener.topics(), [""; 0], "events of thing types are off");
        server.stop().await;
    }
}

#[tokio::test]
async fn the_longest_names_fit_into_topics_and_other_realms_hear_nothing() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let mut listener = Listener::at(&server).await;
    let abroad = admin.clone().region("eu-west-1");
    for client in [&admin, &abroad] {
        turn(client, &["THING", "THING_TYPE_ASSOCIATION"], true).await;
    }
    let (thing, of_type) = ("t".repeat(128), "T".repeat(128));
    named(&abroad, "CreateThing", json!({"thingName": thing})).await;
    assert_eq!(listener.topics(), [""; 0]);
    named(&admin, "CreateThingType", json!({"thingTypeName": of_type})).await;
    named(
        &admin,
        "CreateThing",
        json!({"thingName": thing, "thingTypeName": of_type}),
    )
    .await;
    assert_eq!(
        listener.topics(),
        [
            format!("$aws/events/thing/{thing}/created"),
            format!("$aws/events/thingTypeAssociation/thing/{thing}/thingType/{of_type}/added"),
        ]
    );
}
