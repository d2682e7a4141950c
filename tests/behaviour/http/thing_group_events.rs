//! What is published about thing groups.

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer};

use super::events::{Listener, turn};
use super::{Seen, named};

/// An event as a line, without its random id.
fn told((topic, mut body): (String, Value)) -> String {
    let id = body.as_object_mut().unwrap().remove("eventId").unwrap();
    assert_eq!(id.as_str().unwrap().len(), 36);
    format!("{topic} {body}")
}

async fn must(client: &Client, name: &str, input: Value) {
    let reply = named(client, name, input).await;
    assert_eq!(reply.status, 200, "{name}: {reply}");
}

/// A group below another one, a thing that comes and goes, and the end of both.
async fn live(admin: &Client) {
    for (name, input) in [
        ("CreateThingGroup", json!({"thingGroupName": "top"})),
        (
            "CreateThingGroup",
            json!({"thingGroupName": "leaf", "parentGroupName": "top", "thingGroupProperties":
                {"thingGroupDescription": "d", "attributePayload": {"attributes": {"a": "b"}}}}),
        ),
        // What changes nothing says nothing.
        ("CreateThingGroup", json!({"thingGroupName": "top"})),
        (
            "UpdateThingGroup",
            json!({"thingGroupName": "leaf", "thingGroupProperties": {"thingGroupDescription": "e"}}),
        ),
        ("CreateThing", json!({"thingName": "t"})),
        (
            "AddThingToThingGroup",
            json!({"thingName": "t", "thingGroupName": "leaf"}),
        ),
        (
            "AddThingToThingGroup",
            json!({"thingName": "t", "thingGroupName": "leaf"}),
        ),
        (
            "UpdateThingGroupsForThing",
            json!({"thingName": "t", "thingGroupsToAdd": ["top"], "thingGroupsToRemove": ["leaf"]}),
        ),
        (
            "RemoveThingFromThingGroup",
            json!({"thingName": "t", "thingGroupName": "leaf"}),
        ),
        ("DeleteThing", json!({"thingName": "t"})),
        ("DeleteThingGroup", json!({"thingGroupName": "leaf"})),
        ("DeleteThingGroup", json!({"thingGroupName": "leaf"})),
    ] {
        must(admin, name, input).await;
    }
}

#[tokio::test]
async fn groups_memberships_and_hierarchies_are_told() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let types = ["THING_GROUP", "THING_GROUP_MEMBERSHIP", "THING_GROUP_HIERARCHY"];
        turn(&admin, &types, true).await;
        let mut listener = Listener::at(&server).await;
        live(&admin).await;
        for event in listener.heard() {
            seen.note(&told(event));
        }
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @"");
}

#[tokio::test]
async fn each_kind_is_turned_on_for_itself() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let mut listener = Listener::at(&server).await;
    live(&admin).await;
    assert_eq!(listener.heard(), []);
    for (name, place, events) in [
        ("THING_GROUP", "$aws/events/thingGroup/", 4),
        ("THING_GROUP_HIERARCHY", "$aws/events/thingGroupHierarchy/", 2),
        ("THING_GROUP_MEMBERSHIP", "$aws/events/thingGroupMembership/", 3),
    ] {
        turn(&admin, &[name], true).await;
        must(&admin, "DeleteThingGroup", json!({"thingGroupName": "top"})).await;
        listener.heard();
        live(&admin).await;
        let heard = listener.heard();
        assert_eq!(heard.len(), events, "{name}: {heard:?}");
        assert!(
            heard.iter().all(|(topic, _)| topic.starts_with(place)),
            "{name}: {heard:?}"
        );
        turn(&admin, &[name], false).await;
    }
}
