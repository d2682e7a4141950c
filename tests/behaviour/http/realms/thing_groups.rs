//! Thing groups, versions of policies, and what asks about policies.

use serde_json::json;

use super::Side;

const DOCUMENT: &str =
    r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Publish","Resource":"*"}}"#;

/// Puts the thing `theirs` into a group `theirs` with the policy `theirs`, which gets a second version.
pub(super) async fn furnish(side: &mut Side) {
    for (name, input) in [
        ("CreateThingGroup", json!({"thingGroupName": "above"})),
        (
            "CreateThingGroup",
            json!({"thingGroupName": "theirs", "parentGroupName": "above"}),
        ),
        (
            "AddThingToThingGroup",
            json!({"thingName": "theirs", "thingGroupName": "theirs"}),
        ),
        (
            "CreatePolicyVersion",
            json!({"policyName": "theirs", "policyDocument": DOCUMENT}),
        ),
        (
            "AttachPolicy",
            json!({"policyName": "theirs", "target": side.arn("thinggroup/theirs")}),
        ),
    ] {
        side.expect(name, input, 200).await;
    }
}

/// What `side` has of these, as it reads it itself.
pub(super) async fn inventory(side: &mut Side, id: &str) -> Vec<String> {
    let arn = side.arn(&format!("cert/{id}"));
    let mut replies = Vec::new();
    for (name, input) in [
        ("DescribeThingGroup", json!({"thingGroupName": "theirs"})),
        ("ListThingGroups", json!({})),
        ("ListThingGroupsForThing", json!({"thingName": "theirs"})),
        ("ListThingsInThingGroup", json!({"thingGroupName": "theirs"})),
        ("ListPolicyVersions", json!({"policyName": "theirs"})),
        (
            "GetPolicyVersion",
            json!({"policyName": "theirs", "policyVersionId": "2"}),
        ),
        ("ListTargetsForPolicy", json!({"policyName": "theirs"})),
        ("ListPolicyPrincipals", json!({"policyName": "theirs"})),
        ("ListPrincipalPolicies", json!({"principal": arn})),
        (
            "GetEffectivePolicies",
            json!({"principal": arn, "thingName": "theirs"}),
        ),
    ] {
        replies.push(side.expect(name, input, 200).await.to_string());
    }
    replies
}

/// Tries all of it on what `theirs` has. `ours` has a thing, a policy and nothing named `theirs`.
pub(super) async fn trespass(ours: &mut Side, theirs: &Side, id: &str) {
    let group = || json!({"thingGroupName": "theirs"});
    ours.expect("DescribeThingGroup", group(), 404).await;
    ours.expect("ListThingsInThingGroup", group(), 404).await;
    ours.expect(
        "UpdateThingGroup",
        json!({"thingGroupName": "theirs", "thingGroupProperties": {"thingGroupDescription": "ours"}}),
        404,
    )
    .await;
    // A group that is not there counts as deleted; the inventory shows that theirs is not.
    ours.expect("DeleteThingGroup", group(), 200).await;
    ours.expect("ListThingGroups", json!({"parentGroup": "above"}), 404)
        .await;
    // AWS lists no ResourceNotFoundException for a parent that is not there.
    ours.expect(
        "CreateThingGroup",
        json!({"thingGroupName": "below", "parentGroupName": "theirs"}),
        400,
    )
    .await;
    ours.expect("CreateThingGroup", json!({"thingGroupName": "ours"}), 200)
        .await;
    ours.expect("ListThingGroupsForThing", json!({"thingName": "theirs"}), 404)
        .await;
    for name in ["AddThingToThingGroup", "RemoveThingFromThingGroup"] {
        for input in [
            json!({"thingName": "ours", "thingGroupName": "theirs"}),
            json!({"thingName": "theirs", "thingGroupName": "ours"}),
            json!({"thingName": "ours", "thingGroupArn": theirs.arn("thinggroup/theirs")}),
            json!({"thingArn": theirs.arn("thing/theirs"), "thingGroupName": "ours"}),
        ] {
            ours.expect(name, input, 404).await;
        }
    }
    for input in [
        json!({"thingName": "ours", "thingGroupsToAdd": ["theirs"]}),
        json!({"thingName": "theirs", "thingGroupsToAdd": ["ours"]}),
    ] {
        ours.expect("UpdateThingGroupsForThing", input, 404).await;
    }
    for name in [
        "GetPolicyVersion",
        "SetDefaultPolicyVersion",
        "DeletePolicyVersion",
    ] {
        let input = json!({"policyName": "theirs", "policyVersionId": "2"});
        ours.expect(name, input, 404).await;
    }
    ours.expect(
        "CreatePolicyVersion",
        json!({"policyName": "theirs", "policyDocument": DOCUMENT, "setAsDefault": true}),
        404,
    )
    .await;
    for name in [
        "ListPolicyVersions",
        "ListTargetsForPolicy",
        "ListPolicyPrincipals",
    ] {
        ours.expect(name, json!({"policyName": "theirs"}), 404).await;
    }
    for target in [theirs.arn("thinggroup/theirs"), ours.arn("thinggroup/theirs")] {
        let input = json!({"policyName": "ours", "target": target});
        ours.expect("AttachPolicy", input, 404).await;
        ours.expect("ListAttachedPolicies", json!({"target": target}), 404)
            .await;
        ours.expect("GetEffectivePolicies", json!({"principal": target}), 404)
            .await;
    }
    ours.expect("GetEffectivePolicies", json!({"thingName": "theirs"}), 404)
        .await;
    for principal in [theirs.arn(&format!("cert/{id}")), ours.arn(&format!("cert/{id}"))] {
        for name in ["AttachPrincipalPolicy", "DetachPrincipalPolicy"] {
            let input = json!({"policyName": "ours", "principal": principal});
            ours.expect(name, input, 404).await;
        }
        ours.expect("ListPrincipalPolicies", json!({"principal": principal}), 404)
            .await;
        let infos = json!([{"actionType": "PUBLISH", "resources": [theirs.arn("topic/a")]}]);
        ours.expect(
            "TestAuthorization",
            json!({"principal": principal, "authInfos": infos}),
            404,
        )
        .await;
    }
    let own = ours.expect("ListThingGroups", json!({}), 200).await.json();
    assert_eq!(own["thingGroups"][0]["groupName"], "ours");
    // Their own names are free here.
    ours.expect("CreateThingGroup", group(), 200).await;
}
