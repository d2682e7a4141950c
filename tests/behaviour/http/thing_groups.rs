//! Static thing groups and the things in them.

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, Reply, TestServer};

use super::{Seen, named};

async fn must(client: &Client, name: &str, input: Value) -> Value {
    let reply = named(client, name, input).await;
    assert_eq!(reply.status, 200, "{name}: {reply}");
    reply.json()
}

async fn create(client: &Client, name: &str, parent: Option<&str>) -> Reply {
    let mut input = json!({"thingGroupName": name});
    if let Some(parent) = parent {
        input["parentGroupName"] = json!(parent);
    }
    named(client, "CreateThingGroup", input).await
}

async fn add(client: &Client, thing: &str, group: &str) -> Reply {
    named(
        client,
        "AddThingToThingGroup",
        json!({"thingName": thing, "thingGroupName": group}),
    )
    .await
}

/// The names in a list.
fn names(list: &Value) -> Vec<&str> {
    list["thingGroups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|group| group["groupName"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_group_is_made_read_changed_and_deleted() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let input = |colour: &str| {
            json!({"thingGroupName": "Lamps", "thingGroupProperties": {
                "thingGroupDescription": "All lamps", "attributePayload": {"attributes": {"colour": colour}}}})
        };
        let describe = || named(&admin, "DescribeThingGroup", json!({"thingGroupName": "Lamps"}));
        let update = |properties: Value, version: Option<i64>| {
            let mut input = json!({"thingGroupName": "Lamps", "thingGroupProperties": properties});
            if let Some(version) = version {
                input["expectedVersion"] = json!(version);
            }
            named(&admin, "UpdateThingGroup", input)
        };
        let first = named(&admin, "CreateThingGroup", input("red")).await;
        seen.note(&first);
        let again = named(&admin, "CreateThingGroup", input("red")).await;
        assert_eq!(again.to_string(), first.to_string());
        seen.note(&named(&admin, "CreateThingGroup", input("blue")).await);
        seen.note(&describe().await);
        seen.note(&create(&admin, "Bulbs", Some("Lamps")).await);
        create(&admin, "Small", Some("Bulbs")).await;
        seen.note(&named(&admin, "DescribeThingGroup", json!({"thingGroupName": "Small"})).await);
        let merge = json!({"attributePayload": {"attributes": {"size": "2", "colour": ""}, "merge": true}});
        seen.note(&update(merge, Some(1)).await);
        seen.note(&update(json!({}), Some(1)).await);
        seen.note(&update(json!({"thingGroupDescription": "Lamps"}), None).await);
        seen.note(&describe().await);
        let replace = json!({"attributePayload": {"attributes": {"a": "b"}}});
        assert_eq!(update(replace, Some(3)).await.json(), json!({"version": 4}));
        let delete = |version: i64| {
            named(
                &admin,
                "DeleteThingGroup",
                json!({"thingGroupName": "Lamps", "expectedVersion": version}),
            )
        };
        seen.note(&delete(4).await);
        for name in ["Small", "Bulbs"] {
            must(&admin, "DeleteThingGroup", json!({"thingGroupName": name})).await;
        }
        seen.note(&delete(3).await);
        assert_eq!(delete(4).await.to_string(), "200\n{}");
        assert_eq!(delete(4).await.to_string(), "200\n{}");
        seen.note(&describe().await);
        seen.note(&update(json!({}), None).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "thingGroupName": "Lamps",
      "thingGroupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/Lamps",
      "thingGroupId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53"
    }
    409 ResourceAlreadyExistsException
    {
      "message": "Thing group Lamps already exists in the account with different settings.",
      "resourceId": "Lamps",
      "resourceArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/Lamps"
    }
    200
    {
      "thingGroupName": "Lamps",
      "thingGroupId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
      "thingGroupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/Lamps",
      "version": 1,
      "thingGroupProperties": {
        "thingGroupDescription": "All lamps",
        "attributePayload": {
          "attributes": {
            "colour": "red"
          }
        }
      },
      "thingGroupMetadata": {
        "rootToParentThingGroups": [],
        "creationDate": 1795291200.123
      }
    }
    200
    {
      "thingGroupName": "Bulbs",
      "thingGroupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/Bulbs",
      "thingGroupId": "644f9183-a0e9-4634-ac85-445a2b8d1ad8"
    }
    200
    {
      "thingGroupName": "Small",
      "thingGroupId": "6a2fca0d-d9f1-45ed-8c63-d27bd66a4954",
      "thingGroupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/Small",
      "version": 1,
      "thingGroupProperties": {},
      "thingGroupMetadata": {
        "parentGroupName": "Bulbs",
        "rootToParentThingGroups": [
          {
            "groupName": "Lamps",
            "groupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/Lamps"
          },
          {
            "groupName": "Bulbs",
            "groupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/Bulbs"
          }
        ],
        "creationDate": 1795291200.123
      }
    }
    200
    {
      "version": 2
    }
    409 VersionConflictException
    {
      "message": "Thing group Lamps has version 2, expectedVersion is 1."
    }
    200
    {
      "version": 3
    }
    200
    {
      "thingGroupName": "Lamps",
      "thingGroupId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
      "thingGroupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/Lamps",
      "version": 3,
      "thingGroupProperties": {
        "thingGroupDescription": "Lamps",
        "attributePayload": {
          "attributes": {
            "size": "2"
          }
        }
      },
      "thingGroupMetadata": {
        "rootToParentThingGroups": [],
        "creationDate": 1795291200.123
      }
    }
    400 InvalidRequestException
    {
      "message": "Cannot delete thing group : Lamps when there are still child groups attached to it."
    }
    409 VersionConflictException
    {
      "message": "Thing group Lamps has version 4, expectedVersion is 3."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing group Lamps not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing group Lamps not found."
    }
    "#);
}

#[tokio::test]
async fn a_hierarchy_has_its_bounds() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        assert_eq!(create(&admin, "g1", None).await.status, 200);
        for depth in 2..=7 {
            let parent = format!("g{}", depth - 1);
            let reply = create(&admin, &format!("g{depth}"), Some(&parent)).await;
            assert_eq!(reply.status, 200, "{reply}");
        }
        let reply = create(&admin, "g8", Some("g7")).await;
        assert_eq!(
            (reply.status, reply.exception()),
            (400, "InvalidRequestException")
        );
        assert_eq!(
            reply.message(),
            "Thing group g7 is at depth 7, the deepest that there can be."
        );
        for child in 1..100 {
            create(&admin, &format!("c{child}"), Some("g1")).await;
        }
        let reply = create(&admin, "c100", Some("g1")).await;
        assert_eq!(
            (reply.status, reply.exception()),
            (400, "InvalidRequestException")
        );
        assert_eq!(
            reply.message(),
            "Thing group g1 has 100 child groups, the most that it may have."
        );
        // One that is there answers all the same, however full its parent is.
        assert_eq!(create(&admin, "c99", Some("g1")).await.status, 200);
        let reply = create(&admin, "c99", None).await;
        assert_eq!(reply.exception(), "ResourceAlreadyExistsException");
        let reply = create(&admin, "c101", Some("none")).await;
        assert_eq!(reply.message(), "parentGroupName: Thing group none not found.");
        assert_eq!(reply.exception(), "InvalidRequestException");
        let many: serde_json::Map<String, Value> =
            (0..51).map(|number| (format!("a{number}"), json!("x"))).collect();
        let with = |attributes: Value| json!({"thingGroupName": "many", "thingGroupProperties": {"attributePayload": {"attributes": attributes}}});
        let reply = named(&admin, "CreateThingGroup", with(json!(many))).await;
        assert_eq!(reply.exception(), "InvalidRequestException");
        let mut fifty = many.clone();
        fifty.remove("a0");
        assert_eq!(
            named(&admin, "CreateThingGroup", with(json!(fifty))).await.status,
            200
        );
        let one_more = json!({"thingGroupName": "many", "thingGroupProperties":
            {"attributePayload": {"attributes": {"a0": "x"}, "merge": true}}});
        let reply = named(&admin, "UpdateThingGroup", one_more).await;
        assert_eq!(reply.exception(), "InvalidRequestException");
        server.stop().await;
    }
}

#[tokio::test]
async fn groups_are_listed_by_parent_prefix_and_pages() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for (name, parent) in [
            ("top", None),
            ("left", Some("top")),
            ("right", Some("top")),
            ("leaf", Some("left")),
            ("other", None),
        ] {
            create(&admin, name, parent).await;
        }
        let list = async |input: Value| {
            let listed = must(&admin, "ListThingGroups", input).await;
            names(&listed).join(" ")
        };
        assert_eq!(list(json!({})).await, "leaf left other right top");
        assert_eq!(
            list(json!({"recursive": true})).await,
            "leaf left other right top"
        );
        assert_eq!(list(json!({"recursive": false})).await, "other top");
        assert_eq!(list(json!({"namePrefixFilter": "le"})).await, "leaf left");
        assert_eq!(list(json!({"namePrefixFilter": "Le"})).await, "");
        assert_eq!(
            list(json!({"namePrefixFilter": "o", "recursive": false})).await,
            "other"
        );
        assert_eq!(list(json!({"parentGroup": "top"})).await, "left right");
        assert_eq!(
            list(json!({"parentGroup": "top", "recursive": false})).await,
            "left right"
        );
        assert_eq!(
            list(json!({"parentGroup": "top", "recursive": true})).await,
            "left right leaf"
        );
        let leaves = json!({"parentGroup": "top", "recursive": true, "namePrefixFilter": "lea"});
        assert_eq!(list(leaves).await, "leaf");
        assert_eq!(list(json!({"parentGroup": "leaf"})).await, "");
        let reply = named(&admin, "ListThingGroups", json!({"parentGroup": "none"})).await;
        assert_eq!(
            (reply.status, reply.exception()),
            (404, "ResourceNotFoundException")
        );
        for filter in [
            json!({}),
            json!({"parentGroup": "top", "recursive": true}),
            json!({"recursive": false}),
        ] {
            let whole = list(filter.clone()).await;
            let (mut found, mut token) = (Vec::new(), None);
            loop {
                let mut input = filter.clone();
                input["maxResults"] = json!(1);
                if let Some(token) = token {
                    input["nextToken"] = token;
                }
                let page = must(&admin, "ListThingGroups", input).await;
                found.extend(names(&page).into_iter().map(str::to_owned));
                match page.get("nextToken") {
                    Some(next) => token = Some(next.clone()),
                    None => break,
                }
            }
            assert_eq!(found.join(" "), whole, "{filter}");
        }
        // A token belongs to its list.
        let first = must(&admin, "ListThingGroups", json!({"maxResults": 1})).await;
        let reply = named(
            &admin,
            "ListThingGroups",
            json!({"nextToken": first["nextToken"], "namePrefixFilter": "l"}),
        )
        .await;
        assert_eq!(
            (reply.status, reply.exception()),
            (400, "InvalidRequestException")
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn things_come_into_groups_and_leave_them() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for (name, parent) in [
            ("top", None),
            ("left", Some("top")),
            ("right", Some("top")),
            ("other", None),
        ] {
            create(&admin, name, parent).await;
        }
        for thing in ["a", "b"] {
            must(&admin, "CreateThing", json!({"thingName": thing})).await;
        }
        assert_eq!(add(&admin, "a", "left").await.to_string(), "200\n{}");
        assert_eq!(add(&admin, "a", "left").await.to_string(), "200\n{}");
        seen.note(&add(&admin, "a", "right").await);
        seen.note(&add(&admin, "a", "top").await);
        let arn = |resource: &str| format!("arn:aws:iot:us-east-1:123456789012:{resource}");
        let by_arn = json!({"thingArn": arn("thing/a"), "thingGroupArn": arn("thinggroup/other"),
            "overrideDynamicGroups": true});
        must(&admin, "AddThingToThingGroup", by_arn).await;
        add(&admin, "b", "top").await;
        seen.note(&named(&admin, "ListThingGroupsForThing", json!({"thingName": "a"})).await);
        let inside = |group: &str, recursive: bool| {
            named(
                &admin,
                "ListThingsInThingGroup",
                json!({"thingGroupName": group, "recursive": recursive}),
            )
        };
        assert_eq!(inside("top", false).await.json(), json!({"things": ["b"]}));
        assert_eq!(inside("top", true).await.json(), json!({"things": ["b", "a"]}));
        assert_eq!(inside("right", true).await.json(), json!({"things": []}));
        let page = json!({"thingGroupName": "top", "recursive": true, "maxResults": 1});
        let first = must(&admin, "ListThingsInThingGroup", page.clone()).await;
        assert_eq!(first["things"], json!(["b"]));
        let next = json!({"thingGroupName": "top", "recursive": true, "nextToken": first["nextToken"]});
        assert_eq!(
            must(&admin, "ListThingsInThingGroup", next).await,
            json!({"things": ["a"]})
        );
        let page = json!({"thingName": "a", "maxResults": 1});
        let first = must(&admin, "ListThingGroupsForThing", page).await;
        assert_eq!(names(&first), ["left"]);
        let next = json!({"thingName": "a", "nextToken": first["nextToken"]});
        assert_eq!(
            names(&must(&admin, "ListThingGroupsForThing", next).await),
            ["other"]
        );

        let update = |input: Value| named(&admin, "UpdateThingGroupsForThing", input);
        let change = json!({"thingName": "a", "thingGroupsToAdd": ["right"], "thingGroupsToRemove": ["left", "other"]});
        assert_eq!(update(change.clone()).await.to_string(), "200\n{}");
        assert_eq!(update(change).await.status, 200);
        let listed = must(&admin, "ListThingGroupsForThing", json!({"thingName": "a"})).await;
        assert_eq!(names(&listed), ["right"]);
        // All of it or nothing.
        let half = json!({"thingName": "a", "thingGroupsToAdd": ["other", "left"]});
        seen.note(&update(half).await);
        let absent = json!({"thingName": "a", "thingGroupsToAdd": ["other", "none"]});
        seen.note(&update(absent).await);
        seen.note(
            &update(json!({"thingName": "a", "thingGroupsToAdd": ["left"], "thingGroupsToRemove": ["left"]}))
                .await,
        );
        seen.note(&update(json!({"thingGroupsToAdd": ["left"]})).await);
        let listed = must(&admin, "ListThingGroupsForThing", json!({"thingName": "a"})).await;
        assert_eq!(names(&listed), ["right"]);

        let remove = json!({"thingName": "a", "thingGroupName": "right"});
        must(&admin, "RemoveThingFromThingGroup", remove.clone()).await;
        must(&admin, "RemoveThingFromThingGroup", remove).await;
        assert_eq!(inside("right", false).await.json(), json!({"things": []}));
        // A thing that is deleted leaves its groups, and a group that is deleted its things.
        must(&admin, "DeleteThing", json!({"thingName": "b"})).await;
        assert_eq!(inside("top", true).await.json(), json!({"things": []}));
        add(&admin, "a", "other").await;
        must(&admin, "DeleteThingGroup", json!({"thingGroupName": "other"})).await;
        let listed = must(&admin, "ListThingGroupsForThing", json!({"thingName": "a"})).await;
        assert_eq!(names(&listed), [""; 0]);
        must(&admin, "DeleteThing", json!({"thingName": "a"})).await;
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    400 InvalidRequestException
    {
      "message": "Thing a cannot be in the groups left and right, which are of one hierarchy."
    }
    400 InvalidRequestException
    {
      "message": "Thing a cannot be in the groups left and top, which are of one hierarchy."
    }
    200
    {
      "thingGroups": [
        {
          "groupName": "left",
          "groupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/left"
        },
        {
          "groupName": "other",
          "groupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/other"
        }
      ]
    }
    400 InvalidRequestException
    {
      "message": "Thing a cannot be in the groups right and left, which are of one hierarchy."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing group none not found."
    }
    400 InvalidRequestException
    {
      "message": "left is in thingGroupsToAdd and in thingGroupsToRemove."
    }
    400 InvalidRequestException
    {
      "message": "thingName must be given."
    }
    "#);
}

#[tokio::test]
async fn a_thing_is_in_ten_groups_at_most() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        must(&admin, "CreateThing", json!({"thingName": "t"})).await;
        for number in 0..=10 {
            create(&admin, &format!("g{number}"), None).await;
        }
        for number in 0..10 {
            assert_eq!(add(&admin, "t", &format!("g{number}")).await.status, 200);
        }
        let reply = add(&admin, "t", "g10").await;
        assert_eq!(
            (reply.status, reply.exception()),
            (400, "InvalidRequestException")
        );
        assert_eq!(
            reply.message(),
            "Thing t would be in 11 thing groups, it can be in 10."
        );
        // One for another.
        let swap = json!({"thingName": "t", "thingGroupsToAdd": ["g10"], "thingGroupsToRemove": ["g0"]});
        assert_eq!(named(&admin, "UpdateThingGroupsForThing", swap).await.status, 200);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_thing_and_a_group_are_named_rightly() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        create(&admin, "g", None).await;
        must(&admin, "CreateThing", json!({"thingName": "t"})).await;
        for name in ["AddThingToThingGroup", "RemoveThingFromThingGroup"] {
            for input in [
                json!({"thingName": "t"}),
                json!({"thingGroupName": "g"}),
                json!({"thingName": "t", "thingGroupName": "none"}),
                json!({"thingName": "none", "thingGroupName": "g"}),
                json!({"thingName": "t", "thingGroupArn": "nonsense"}),
                json!({"thingName": "t", "thingGroupArn": "arn:aws:iot:us-east-1:123456789012:thing/t"}),
                json!({"thingName": "t", "thingGroupArn": "arn:aws:iot:eu-west-1:123456789012:thinggroup/g"}),
                json!({"thingName": "t", "thingGroupName": "h", "thingGroupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/g"}),
            ] {
                seen.note(&named(&admin, name, input).await.message());
            }
            let both = json!({"thingName": "t", "thingArn": "arn:aws:iot:us-east-1:123456789012:thing/t",
                "thingGroupName": "g", "thingGroupArn": "arn:aws:iot:us-east-1:123456789012:thinggroup/g"});
            assert_eq!(named(&admin, name, both).await.status, 200);
        }
        for (name, input) in [
            ("DescribeThingGroup", json!({"thingGroupName": "none"})),
            ("ListThingsInThingGroup", json!({"thingGroupName": "none"})),
            ("ListThingGroupsForThing", json!({"thingName": "none"})),
            (
                "UpdateThingGroup",
                json!({"thingGroupName": "none", "thingGroupProperties": {}}),
            ),
            ("UpdateThingGroupsForThing", json!({"thingName": "none"})),
        ] {
            let reply = named(&admin, name, input).await;
            assert_eq!(
                (reply.status, reply.exception()),
                (404, "ResourceNotFoundException"),
                "{name}"
            );
        }
        let many: Vec<String> = (0..101).map(|number| format!("g{number}")).collect();
        let reply = named(
            &admin,
            "UpdateThingGroupsForThing",
            json!({"thingName": "t", "thingGroupsToAdd": many}),
        )
        .await;
        seen.note(&reply);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    thingGroupName or thingGroupArn must be given.
    thingName or thingArn must be given.
    Thing group none not found.
    Thing none not found.
    thingGroupArn: nonsense is not such an ARN.
    thingGroupArn: arn:aws:iot:us-east-1:123456789012:thing/t is not such an ARN.
    arn:aws:iot:eu-west-1:123456789012:thinggroup/g not found.
    thingGroupName and thingGroupArn name two different ones.
    thingGroupName or thingGroupArn must be given.
    thingName or thingArn must be given.
    Thing group none not found.
    Thing none not found.
    thingGroupArn: nonsense is not such an ARN.
    thingGroupArn: arn:aws:iot:us-east-1:123456789012:thing/t is not such an ARN.
    arn:aws:iot:eu-west-1:123456789012:thinggroup/g not found.
    thingGroupName and thingGroupArn name two different ones.
    400 InvalidRequestException
    {
      "message": "thingGroupsToAdd has 101 names, the most is 100."
    }
    "#);
}

#[tokio::test]
async fn a_group_has_tags_from_the_beginning() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let tagged = |value: &str| json!({"thingGroupName": "g", "tags": [{"Key": "hall", "Value": value}]});
        let made = must(&admin, "CreateThingGroup", tagged("north")).await;
        must(&admin, "CreateThingGroup", tagged("north")).await;
        let reply = named(&admin, "CreateThingGroup", tagged("south")).await;
        assert_eq!(reply.exception(), "ResourceAlreadyExistsException");
        let arn = made["thingGroupArn"].clone();
        let list = || named(&admin, "ListTagsForResource", json!({"resourceArn": arn}));
        assert_eq!(
            list().await.json(),
            json!({"tags": [{"Key": "hall", "Value": "north"}]})
        );
        must(&admin, "DeleteThingGroup", json!({"thingGroupName": "g"})).await;
        assert_eq!(list().await.status, 404);
        create(&admin, "g", None).await;
        assert_eq!(list().await.json(), json!({"tags": []}));
        server.stop().await;
    }
}
