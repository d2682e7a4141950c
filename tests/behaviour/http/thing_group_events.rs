//! What is published about thing groups.

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer};

use super::events::{Listener, turn};
use super::{Seen, named};

/// An event as a line, without its random id.
fn told((topic, mut body): (String, Value)) -> String {
    let id = body.as_object_mut().unwrap().shift_remove("eventId").unwrap();
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
    insta::assert_snapshot!(seen.whole(), @r#"
    $aws/events/thingGroup/top/created {"eventType":"THING_GROUP_EVENT","timestamp":1795291200123,"operation":"CREATED","accountId":"123456789012","thingGroupId":"e132451f-be9a-422c-bcab-16c93a1384c5","thingGroupName":"top","versionNumber":1,"parentGroupName":null,"parentGroupId":null,"description":null,"rootToParentThingGroups":[],"attributes":{},"dynamicGroupMappingId":null}
    $aws/events/thingGroup/leaf/created {"eventType":"THING_GROUP_EVENT","timestamp":1795291200123,"operation":"CREATED","accountId":"123456789012","thingGroupId":"7bdbbbe0-3fa0-4186-afa9-3a9855751f8e","thingGroupName":"leaf","versionNumber":1,"parentGroupName":"top","parentGroupId":"e132451f-be9a-422c-bcab-16c93a1384c5","description":"d","rootToParentThingGroups":[{"groupArn":"arn:aws:iot:us-east-1:123456789012:thinggroup/top","groupId":"e132451f-be9a-422c-bcab-16c93a1384c5"}],"attributes":{"a":"b"},"dynamicGroupMappingId":null}
    $aws/events/thingGroupHierarchy/thingGroup/top/childThingGroup/leaf/added {"eventType":"THING_GROUP_HIERARCHY_EVENT","timestamp":1795291200123,"operation":"ADDED","accountId":"123456789012","thingGroupId":"e132451f-be9a-422c-bcab-16c93a1384c5","thingGroupName":"top","childGroupId":"7bdbbbe0-3fa0-4186-afa9-3a9855751f8e","childGroupName":"leaf"}
    $aws/events/thingGroup/leaf/updated {"eventType":"THING_GROUP_EVENT","timestamp":1795291200123,"operation":"UPDATED","accountId":"123456789012","thingGroupId":"7bdbbbe0-3fa0-4186-afa9-3a9855751f8e","thingGroupName":"leaf","versionNumber":2,"parentGroupName":"top","parentGroupId":"e132451f-be9a-422c-bcab-16c93a1384c5","description":"e","rootToParentThingGroups":[{"groupArn":"arn:aws:iot:us-east-1:123456789012:thinggroup/top","groupId":"e132451f-be9a-422c-bcab-16c93a1384c5"}],"attributes":{"a":"b"},"dynamicGroupMappingId":null}
    $aws/events/thingGroupMembership/thingGroup/leaf/thing/t/added {"eventType":"THING_GROUP_MEMBERSHIP_EVENT","timestamp":1795291200123,"operation":"ADDED","accountId":"123456789012","groupArn":"arn:aws:iot:us-east-1:123456789012:thinggroup/leaf","groupId":"7bdbbbe0-3fa0-4186-afa9-3a9855751f8e","thingArn":"arn:aws:iot:us-east-1:123456789012:thing/t","thingId":"16635cb4-ab9d-40a2-b238-4d0f7a1d52ee","membershipId":"c9e3f6ef-45bd-8368-b9ca-662cfee85f2c"}
    $aws/events/thingGroupMembership/thingGroup/leaf/thing/t/removed {"eventType":"THING_GROUP_MEMBERSHIP_EVENT","timestamp":1795291200123,"operation":"REMOVED","accountId":"123456789012","groupArn":"arn:aws:iot:us-east-1:123456789012:thinggroup/leaf","groupId":"7bdbbbe0-3fa0-4186-afa9-3a9855751f8e","thingArn":"arn:aws:iot:us-east-1:123456789012:thing/t","thingId":"16635cb4-ab9d-40a2-b238-4d0f7a1d52ee","membershipId":"c9e3f6ef-45bd-8368-b9ca-662cfee85f2c"}
    $aws/events/thingGroupMembership/thingGroup/top/thing/t/added {"eventType":"THING_GROUP_MEMBERSHIP_EVENT","timestamp":1795291200123,"operation":"ADDED","accountId":"123456789012","groupArn":"arn:aws:iot:us-east-1:123456789012:thinggroup/top","groupId":"e132451f-be9a-422c-bcab-16c93a1384c5","thingArn":"arn:aws:iot:us-east-1:123456789012:thing/t","thingId":"16635cb4-ab9d-40a2-b238-4d0f7a1d52ee","membershipId":"530a0810-c487-80c2-aac8-4a7d918ec467"}
    $aws/events/thingGroup/leaf/deleted {"eventType":"THING_GROUP_EVENT","timestamp":1795291200123,"operation":"DELETED","accountId":"123456789012","thingGroupId":"7bdbbbe0-3fa0-4186-afa9-3a9855751f8e","thingGroupName":"leaf","versionNumber":2,"parentGroupName":"top","parentGroupId":"e132451f-be9a-422c-bcab-16c93a1384c5","description":"e","rootToParentThingGroups":[{"groupArn":"arn:aws:iot:us-east-1:123456789012:thinggroup/top","groupId":"e132451f-be9a-422c-bcab-16c93a1384c5"}],"attributes":{"a":"b"},"dynamicGroupMappingId":null}
    $aws/events/thingGroupHierarchy/thingGroup/top/childThingGroup/leaf/removed {"eventType":"THING_GROUP_HIERARCHY_EVENT","timestamp":1795291200123,"operation":"REMOVED","accountId":"123456789012","thingGroupId":"e132451f-be9a-422c-bcab-16c93a1384c5","thingGroupName":"top","childGroupId":"7bdbbbe0-3fa0-4186-afa9-3a9855751f8e","childGroupName":"leaf"}
    "#);
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
