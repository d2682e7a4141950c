//! Thing types, and things that are of one.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer};

use super::{Seen, named};

#[tokio::test]
async fn a_thing_type_is_made_read_changed_deprecated_and_deleted() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let properties = json!({
            "thingTypeDescription": "what pumps", "searchableAttributes": ["site", "line"],
            "mqtt5Configuration": {"propagatingAttributes": [
                {"userPropertyKey": "site", "thingAttribute": "site"},
                {"userPropertyKey": "from", "connectionAttribute": "iot:ClientId"},
            ]},
        });
        let create = json!({"thingTypeName": "pump", "thingTypeProperties": properties});
        let made = named(&admin, "CreateThingType", create.clone()).await;
        seen.note(&made);
        let again = named(&admin, "CreateThingType", create).await;
        assert_eq!(again.to_string(), made.to_string());
        let read = || named(&admin, "DescribeThingType", json!({"thingTypeName": "pump"}));
        seen.note(&read().await);
        seen.note(&named(&admin, "CreateThingType", json!({"thingTypeName": "pump"})).await);
        seen.note(&named(&admin, "CreateThingType", json!({"thingTypeName": "bare"})).await);
        seen.note(&named(&admin, "DescribeThingType", json!({"thingTypeName": "bare"})).await);

        let update = |properties: Value| {
            let input = json!({"thingTypeName": "pump", "thingTypeProperties": properties});
            named(&admin, "UpdateThingType", input)
        };
        let mut same = properties.clone();
        same["mqtt5Configuration"] = json!({"propagatingAttributes": []});
        assert_eq!(update(same).await.status, 200);
        let other = json!({"mqtt5Configuration": {"propagatingAttributes": [
            {"userPropertyKey": "line", "thingAttribute": "line"}]}});
        assert_eq!(update(other).await.status, 200);
        // What is not given stays.
        assert_eq!(update(json!({})).await.status, 200);
        let nothing = json!({"thingTypeName": "pump"});
        assert_eq!(named(&admin, "UpdateThingType", nothing).await.status, 200);
        seen.note(&update(json!({"thingTypeDescription": "what leaks"})).await);
        seen.note(&update(json!({"searchableAttributes": ["line", "site"]})).await);

        let delete = || named(&admin, "DeleteThingType", json!({"thingTypeName": "pump"}));
        let deprecate = |undo: bool| {
            let input = json!({"thingTypeName": "pump", "undoDeprecate": undo});
            named(&admin, "DeprecateThingType", input)
        };
        seen.note(&delete().await);
        seen.note(&deprecate(false).await);
        server.clock.advance(Duration::from_secs(299));
        // Twice is once: the time counts from the first.
        assert_eq!(deprecate(false).await.status, 200);
        seen.note(&read().await);
        seen.note(&delete().await);
        assert_eq!(deprecate(true).await.status, 200);
        assert_eq!(deprecate(true).await.status, 200);
        assert_eq!(read().await.json()["thingTypeMetadata"]["deprecated"], false);
        assert_eq!(deprecate(false).await.status, 200);
        server.clock.advance(Duration::from_secs(1));
        assert!(
            delete()
                .await
                .message()
                .contains("Please wait for 5 minutes after deprecation and then retry")
        );
        server.clock.advance(Duration::from_secs(299));
        assert_eq!(delete().await.status, 200);
        seen.note(&read().await);
        seen.note(&delete().await);
        seen.note(&deprecate(false).await);
        seen.note(&update(json!({})).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "thingTypeName": "pump",
      "thingTypeArn": "arn:aws:iot:us-east-1:123456789012:thingtype/pump",
      "thingTypeId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53"
    }
    200
    {
      "thingTypeName": "pump",
      "thingTypeId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
      "thingTypeArn": "arn:aws:iot:us-east-1:123456789012:thingtype/pump",
      "thingTypeProperties": {
        "thingTypeDescription": "what pumps",
        "searchableAttributes": [
          "site",
          "line"
        ],
        "mqtt5Configuration": {
          "propagatingAttributes": [
            {
              "userPropertyKey": "site",
              "thingAttribute": "site"
            },
            {
              "userPropertyKey": "from",
              "connectionAttribute": "iot:ClientId"
            }
          ]
        }
      },
      "thingTypeMetadata": {
        "deprecated": false,
        "creationDate": 1795291200.123
      }
    }
    409 ResourceAlreadyExistsException
    {
      "message": "Thing type pump already exists in the account with different settings.",
      "resourceId": "pump",
      "resourceArn": "arn:aws:iot:us-east-1:123456789012:thingtype/pump"
    }
    200
    {
      "thingTypeName": "bare",
      "thingTypeArn": "arn:aws:iot:us-east-1:123456789012:thingtype/bare",
      "thingTypeId": "644f9183-a0e9-4634-ac85-445a2b8d1ad8"
    }
    200
    {
      "thingTypeName": "bare",
      "thingTypeId": "644f9183-a0e9-4634-ac85-445a2b8d1ad8",
      "thingTypeArn": "arn:aws:iot:us-east-1:123456789012:thingtype/bare",
      "thingTypeProperties": {
        "searchableAttributes": []
      },
      "thingTypeMetadata": {
        "deprecated": false,
        "creationDate": 1795291200.123
      }
    }
    400 InvalidRequestException
    {
      "message": "thingTypeProperties.thingTypeDescription of thing type pump cannot be changed."
    }
    400 InvalidRequestException
    {
      "message": "thingTypeProperties.searchableAttributes of thing type pump cannot be changed."
    }
    400 InvalidRequestException
    {
      "message": "Cannot delete thing type pump: it is not deprecated. Deprecate it first."
    }
    200
    {}
    200
    {
      "thingTypeName": "pump",
      "thingTypeId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
      "thingTypeArn": "arn:aws:iot:us-east-1:123456789012:thingtype/pump",
      "thingTypeProperties": {
        "thingTypeDescription": "what pumps",
        "searchableAttributes": [
          "site",
          "line"
        ],
        "mqtt5Configuration": {
          "propagatingAttributes": [
            {
              "userPropertyKey": "line",
              "thingAttribute": "line"
            }
          ]
        }
      },
      "thingTypeMetadata": {
        "deprecated": true,
        "deprecationDate": 1795291200.123,
        "creationDate": 1795291200.123
      }
    }
    400 InvalidRequestException
    {
      "message": "Cannot delete thing type pump. Please wait for 5 minutes after deprecation and then retry"
    }
    404 ResourceNotFoundException
    {
      "message": "Thing type pump not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing type pump not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing type pump not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing type pump not found."
    }
    "#);
}

#[tokio::test]
async fn wrong_properties_are_refused() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        named(&admin, "CreateThingType", json!({"thingTypeName": "there"})).await;
        let propagating =
            |attributes: Value| json!({"mqtt5Configuration": {"propagatingAttributes": attributes}});
        let many = |count: usize| -> Value {
            (0..count)
                .map(|number| json!({"userPropertyKey": format!("k{number}"), "thingAttribute": "a"}))
                .collect()
        };
        for wrong in [
            propagating(json!([{"userPropertyKey": "k"}])),
            propagating(json!([{"userPropertyKey": "k", "thingAttribute": "a", "connectionAttribute": "b"}])),
            propagating(json!([{"userPropertyKey": "k", "connectionAttribute": "iot:Other"}])),
            propagating(json!([{"thingAttribute": "a"}])),
            propagating(many(21)),
        ] {
            let input = |name: &str| json!({"thingTypeName": name, "thingTypeProperties": wrong});
            let reply = named(&admin, "CreateThingType", input("new")).await;
            seen.note(&reply);
            let update = named(&admin, "UpdateThingType", input("there")).await;
            assert_eq!(update.to_string(), reply.to_string());
        }
        let attributes: Vec<_> = (0..51).map(|number| format!("a{number}")).collect();
        let input =
            json!({"thingTypeName": "new", "thingTypeProperties": {"searchableAttributes": attributes}});
        seen.note(&named(&admin, "CreateThingType", input).await);
        let input = json!({"thingTypeName": "new", "thingTypeProperties": propagating(many(20))});
        assert_eq!(named(&admin, "CreateThingType", input).await.status, 200);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    400 InvalidRequestException
    {
      "message": "The propagating attribute k must have either thingAttribute or connectionAttribute."
    }
    400 InvalidRequestException
    {
      "message": "The propagating attribute k must have either thingAttribute or connectionAttribute."
    }
    400 InvalidRequestException
    {
      "message": "The connectionAttribute iot:Other is neither iot:ClientId nor iot:Thing.ThingName."
    }
    400 InvalidRequestException
    {
      "message": "missing field `userPropertyKey`"
    }
    400 InvalidRequestException
    {
      "message": "mqtt5Configuration.propagatingAttributes has 21 attributes; 20 are allowed."
    }
    400 InvalidRequestException
    {
      "message": "thingTypeProperties.searchableAttributes has 51 attributes; 50 are allowed."
    }
    "#);
}

async fn names(admin: &Client, operation: &str, input: Value, list: &str, name: &str) -> Vec<String> {
    let reply = named(admin, operation, input).await;
    assert_eq!(reply.status, 200, "{reply}");
    let items = reply.json()[list].as_array().unwrap().clone();
    items
        .iter()
        .map(|item| item[name].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn thing_types_are_listed_in_pages() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for name in ["c", "a", "b"] {
            named(&admin, "CreateThingType", json!({"thingTypeName": name})).await;
        }
        let list = |input: Value| names(&admin, "ListThingTypes", input, "thingTypes", "thingTypeName");
        assert_eq!(list(json!({})).await, ["a", "b", "c"]);
        assert_eq!(list(json!({"thingTypeName": "b"})).await, ["b"]);
        assert_eq!(list(json!({"thingTypeName": "B"})).await, [""; 0]);
        let first = named(&admin, "ListThingTypes", json!({"maxResults": 2})).await;
        assert_eq!(first.json()["thingTypes"].as_array().unwrap().len(), 2);
        assert_eq!(
            first.json()["thingTypes"][0]["thingTypeMetadata"],
            json!({"deprecated": false, "creationDate": 1_795_291_200.123})
        );
        let token = first.text("nextToken");
        assert_eq!(list(json!({"nextToken": token})).await, ["c"]);
        for input in [
            json!({"nextToken": "none"}),
            json!({"nextToken": token, "thingTypeName": "c"}),
            json!({"nextToken": token, "maxResults": 251}),
        ] {
            let reply = named(&admin, "ListThingTypes", input).await;
            assert_eq!(
                (reply.status, reply.exception()),
                (400, "InvalidRequestException"),
                "{reply}"
            );
        }
        let other = named(&admin, "ListThings", json!({"nextToken": token})).await;
        assert_eq!(other.exception(), "InvalidRequestException", "{other}");
        server.stop().await;
    }
}

#[tokio::test]
async fn a_thing_of_a_type_shows_it_and_keeps_it_alive() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for name in ["pump", "valve"] {
            named(&admin, "CreateThingType", json!({"thingTypeName": name})).await;
        }
        let create = json!({"thingName": "p1", "thingTypeName": "pump"});
        assert_eq!(named(&admin, "CreateThing", create.clone()).await.status, 200);
        assert_eq!(named(&admin, "CreateThing", create).await.status, 200);
        for other in [
            json!({"thingName": "p1"}),
            json!({"thingName": "p1", "thingTypeName": "valve"}),
        ] {
            let reply = named(&admin, "CreateThing", other).await;
            assert_eq!(reply.exception(), "ResourceAlreadyExistsException", "{reply}");
        }
        let describe = || named(&admin, "DescribeThing", json!({"thingName": "p1"}));
        seen.note(&describe().await);
        seen.note(&named(&admin, "ListThings", json!({})).await);
        seen.note(
            &named(
                &admin,
                "CreateThing",
                json!({"thingName": "p2", "thingTypeName": "none"}),
            )
            .await,
        );
        let update = |more: Value| {
            let mut input = json!({"thingName": "p1"});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            named(&admin, "UpdateThing", input)
        };
        seen.note(&update(json!({"thingTypeName": "none"})).await);
        seen.note(&update(json!({"thingTypeName": "valve", "removeThingType": true})).await);
        assert_eq!(update(json!({"thingTypeName": "valve"})).await.status, 200);
        assert_eq!(describe().await.json()["thingTypeName"], "valve");

        for name in ["pump", "valve"] {
            named(&admin, "DeprecateThingType", json!({"thingTypeName": name})).await;
        }
        server.clock.advance(Duration::from_secs(300));
        let delete = |name: &str| named(&admin, "DeleteThingType", json!({"thingTypeName": name}));
        assert_eq!(delete("pump").await.status, 200, "no thing is of it any more");
        seen.note(&delete("valve").await);
        seen.note(
            &named(
                &admin,
                "CreateThing",
                json!({"thingName": "p2", "thingTypeName": "valve"}),
            )
            .await,
        );
        named(&admin, "CreateThing", json!({"thingName": "p3"})).await;
        let input = json!({"thingName": "p3", "thingTypeName": "valve"});
        seen.note(&named(&admin, "UpdateThing", input).await);
        // A thing stays of its type, and loses it.
        let more = json!({"thingTypeName": "valve", "attributePayload": {"attributes": {"a": "b"}}});
        assert_eq!(update(more).await.status, 200);
        assert_eq!(update(json!({"removeThingType": true})).await.status, 200);
        assert_eq!(describe().await.json().get("thingTypeName"), None);
        assert_eq!(delete("valve").await.status, 200);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "defaultClientId": "p1",
      "thingName": "p1",
      "thingId": "7bdbbbe0-3fa0-4186-afa9-3a9855751f8e",
      "thingArn": "arn:aws:iot:us-east-1:123456789012:thing/p1",
      "thingTypeName": "pump",
      "attributes": {},
      "version": 1
    }
    200
    {
      "things": [
        {
          "thingName": "p1",
          "thingTypeName": "pump",
          "thingArn": "arn:aws:iot:us-east-1:123456789012:thing/p1",
          "attributes": {},
          "version": 1
        }
      ]
    }
    404 ResourceNotFoundException
    {
      "message": "Thing type none not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing type none not found."
    }
    400 InvalidRequestException
    {
      "message": "thingTypeName and removeThingType cannot be given together."
    }
    400 InvalidRequestException
    {
      "message": "Cannot delete thing type valve: there are still things associated with it."
    }
    400 InvalidRequestException
    {
      "message": "Thing type valve is deprecated: no further thing can be of it."
    }
    400 InvalidRequestException
    {
      "message": "Thing type valve is deprecated: no further thing can be of it."
    }
    "#);
}

#[tokio::test]
async fn a_type_makes_room_for_fifty_attributes() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        named(&admin, "CreateThingType", json!({"thingTypeName": "T"})).await;
        let some = |count: usize| -> Value {
            let pairs = (0..count).map(|number| (format!("a{number}"), json!("v")));
            json!({"attributes": pairs.collect::<serde_json::Map<_, _>>()})
        };
        let create =
            |count: usize| json!({"thingName": "t", "thingTypeName": "T", "attributePayload": some(count)});
        seen.note(&named(&admin, "CreateThing", create(51)).await);
        assert_eq!(named(&admin, "CreateThing", create(50)).await.status, 200);
        let update = |more: Value| {
            let mut input = json!({"thingName": "t"});
            input
                .as_object_mut()
                .unwrap()
                .extend(more.as_object().unwrap().clone());
            named(&admin, "UpdateThing", input)
        };
        let one_more = json!({"attributePayload": {"merge": true, "attributes": {"more": "v"}}});
        assert_eq!(update(one_more).await.exception(), "InvalidRequestException");
        seen.note(&update(json!({"removeThingType": true})).await);
        let fewer = json!({"removeThingType": true, "attributePayload": some(3)});
        assert_eq!(update(fewer).await.status, 200);
        let four = json!({"attributePayload": some(4)});
        assert_eq!(update(four).await.exception(), "InvalidRequestException");
        let with_type = json!({"thingTypeName": "T", "attributePayload": some(4)});
        assert_eq!(update(with_type).await.status, 200);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    400 InvalidRequestException
    {
      "message": "A thing with a thing type can have 50 attributes; attributePayload.attributes leaves 51."
    }
    400 InvalidRequestException
    {
      "message": "A thing without a thing type can have 3 attributes; attributePayload.attributes leaves 50."
    }
    "#);
}

#[tokio::test]
async fn things_are_listed_by_type_and_attribute() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for name in ["pump", "valve"] {
            named(&admin, "CreateThingType", json!({"thingTypeName": name})).await;
        }
        for (name, of_type, colour) in [
            ("a", "pump", "red"),
            ("b", "valve", "red"),
            ("c", "pump", "blue"),
            ("d", "pump", "red"),
        ] {
            let input = json!({"thingName": name, "thingTypeName": of_type,
                "attributePayload": {"attributes": {"colour": colour}}});
            assert_eq!(named(&admin, "CreateThing", input).await.status, 200);
        }
        named(&admin, "CreateThing", json!({"thingName": "e"})).await;
        let list = |input: Value| names(&admin, "ListThings", input, "things", "thingName");
        assert_eq!(list(json!({"thingTypeName": "pump"})).await, ["a", "c", "d"]);
        assert_eq!(list(json!({"thingTypeName": "none"})).await, [""; 0]);
        let red_pumps = json!({"thingTypeName": "pump", "attributeName": "colour", "attributeValue": "red"});
        assert_eq!(list(red_pumps.clone()).await, ["a", "d"]);
        let coloured = json!({"thingTypeName": "pump", "attributeName": "colour"});
        assert_eq!(list(coloured).await, ["c", "a", "d"]);
        let prefix = json!({"thingTypeName": "valve", "attributeName": "colour", "attributeValue": "r",
            "usePrefixAttributeValue": true});
        assert_eq!(list(prefix).await, ["b"]);
        for (mut input, rest) in [
            (json!({"thingTypeName": "pump"}), vec!["c", "d"]),
            (red_pumps, vec!["d"]),
        ] {
            input["maxResults"] = json!(1);
            let token = named(&admin, "ListThings", input.clone()).await.text("nextToken");
            input["maxResults"] = json!(10);
            input["nextToken"] = token.clone().into();
            assert_eq!(list(input.clone()).await, rest);
            input["thingTypeName"] = "valve".into();
            let reply = named(&admin, "ListThings", input).await;
            assert_eq!(reply.exception(), "InvalidRequestException", "{reply}");
        }
        server.stop().await;
    }
}
