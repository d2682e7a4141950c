//! Thing types, billing groups, principals, tags and event configurations.

use serde_json::{Value, json};

use super::Side;

/// Makes a thing type and a billing group, with tags and a thing of them, and turns an event on.
pub(super) async fn furnish(side: &mut Side) {
    let tags = json!([{"Key": "whose", "Value": "theirs"}]);
    for (operation, input) in [
        (
            "CreateThingType",
            json!({"thingTypeName": "theirs", "tags": tags}),
        ),
        (
            "CreateBillingGroup",
            json!({"billingGroupName": "theirs", "tags": tags}),
        ),
        (
            "CreateThing",
            json!({"thingName": "typed", "thingTypeName": "theirs", "billingGroupName": "theirs"}),
        ),
        (
            "UpdateEventConfigurations",
            json!({"eventConfigurations": {"THING": {"Enabled": true}}}),
        ),
    ] {
        side.expect(operation, input, 200).await;
    }
}

/// Everything of it that `side` has, as it reads it itself. `id` is the certificate's.
pub(super) async fn inventory(side: &mut Side, id: &str) -> Vec<String> {
    let certificate = side.arn(&format!("cert/{id}"));
    let mut replies = Vec::new();
    for (operation, input) in [
        ("DescribeThing", json!({"thingName": "typed"})),
        ("DescribeThingType", json!({"thingTypeName": "theirs"})),
        ("ListThingTypes", json!({})),
        ("DescribeBillingGroup", json!({"billingGroupName": "theirs"})),
        ("ListBillingGroups", json!({})),
        ("ListThingsInBillingGroup", json!({"billingGroupName": "theirs"})),
        ("ListThingPrincipalsV2", json!({"thingName": "theirs"})),
        ("ListPrincipalThings", json!({"principal": certificate})),
        ("ListPrincipalThingsV2", json!({"principal": certificate})),
        (
            "ListTagsForResource",
            json!({"resourceArn": side.arn("thingtype/theirs")}),
        ),
        (
            "ListTagsForResource",
            json!({"resourceArn": side.arn("billinggroup/theirs")}),
        ),
        ("DescribeEventConfigurations", json!({})),
    ] {
        replies.push(side.expect(operation, input, 200).await.to_string());
    }
    replies
}

/// Tries every operation on what `theirs` has.
pub(super) async fn trespass(ours: &mut Side, theirs: &Side, id: &str) {
    let typed = |more: Value| {
        let mut input = json!({"thingTypeName": "theirs"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    let group = json!({"billingGroupName": "theirs"});
    for (operation, input) in [
        ("DescribeThingType", typed(json!({}))),
        ("UpdateThingType", typed(json!({"thingTypeProperties": {}}))),
        ("DeprecateThingType", typed(json!({}))),
        ("DeleteThingType", typed(json!({}))),
        ("CreateThing", typed(json!({"thingName": "new"}))),
        (
            "CreateThing",
            json!({"thingName": "new", "billingGroupName": "theirs"}),
        ),
        ("DescribeBillingGroup", group.clone()),
        (
            "UpdateBillingGroup",
            json!({"billingGroupName": "theirs", "billingGroupProperties": {}}),
        ),
        ("ListThingsInBillingGroup", group.clone()),
        ("ListThingPrincipalsV2", json!({"thingName": "typed"})),
    ] {
        ours.expect(operation, input, 404).await;
    }
    let mine = json!({"billingGroupName": "mine"});
    ours.expect("CreateBillingGroup", mine.clone(), 200).await;
    for membership in ["AddThingToBillingGroup", "RemoveThingFromBillingGroup"] {
        for (group, thing) in [
            (theirs.arn("billinggroup/theirs"), ours.arn("thing/ours")),
            (ours.arn("billinggroup/mine"), theirs.arn("thing/typed")),
            (ours.arn("billinggroup/mine"), ours.arn("thing/typed")),
            (ours.arn("billinggroup/theirs"), ours.arn("thing/ours")),
        ] {
            let input = json!({"billingGroupArn": group, "thingArn": thing});
            ours.expect(membership, input, 404).await;
        }
    }
    // A group that is not there counts as deleted; the inventory shows that theirs is not.
    ours.expect("DeleteBillingGroup", group, 200).await;
    ours.expect("DeleteBillingGroup", mine, 200).await;
    for resource in ["thingtype/theirs", "billinggroup/theirs", "policy/theirs"] {
        for arn in [theirs.arn(resource), ours.arn(resource)] {
            // A policy of this name is ours too.
            let status = if arn == ours.arn("policy/theirs") {
                200
            } else {
                404
            };
            ours.expect(
                "TagResource",
                json!({"resourceArn": arn, "tags": [{"Key": "whose", "Value": "ours"}]}),
                status,
            )
            .await;
            ours.expect("ListTagsForResource", json!({"resourceArn": arn}), status)
                .await;
            ours.expect(
                "UntagResource",
                json!({"resourceArn": arn, "tagKeys": ["whose"]}),
                status,
            )
            .await;
        }
    }
    let resource = format!("cert/{id}");
    for principal in [theirs.arn(&resource), ours.arn(&resource)] {
        for operation in ["ListPrincipalThings", "ListPrincipalThingsV2"] {
            ours.expect(operation, json!({"principal": principal}), 404).await;
        }
    }
    for (operation, list) in [
        ("ListThingTypes", "thingTypes"),
        ("ListBillingGroups", "billingGroups"),
    ] {
        let own = ours.expect(operation, json!({}), 200).await.json();
        assert_eq!(own[list], json!([]), "{operation}");
    }
    let own = ours
        .expect("DescribeEventConfigurations", json!({}), 200)
        .await
        .json();
    assert_eq!(own["eventConfigurations"]["THING"]["Enabled"], false);
    ours.expect(
        "UpdateEventConfigurations",
        json!({"eventConfigurations": {"THING": {"Enabled": false}}}),
        200,
    )
    .await;
    // Their own names are free here.
    ours.expect("CreateThingType", typed(json!({})), 200).await;
    ours.expect("CreateBillingGroup", json!({"billingGroupName": "theirs"}), 200)
        .await;
}
