//! The whole life of thing types, billing groups, tags, principals and event configurations with boto3, on both engines.

use serde_json::json;

use super::aws_cli::arn;
use super::calls::{Boto3, texts};
use super::on_postgresql;
use crate::server::Home;

#[test]
fn the_life_of_thing_types() {
    thing_types(&Home::sqlite());
}

#[test]
fn the_life_of_thing_types_on_postgresql() {
    on_postgresql(thing_types);
}

fn thing_types(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    let pump = json!({"thingTypeName": "pump"});
    let made = aws.call(
        "create_thing_type",
        json!({
            "thingTypeName": "pump",
            "thingTypeProperties": {"thingTypeDescription": "what pumps", "searchableAttributes": ["site"]},
            "tags": [{"Key": "team", "Value": "a"}],
        }),
    );
    assert_eq!(made["thingTypeArn"], arn("thingtype/pump"));
    let found = aws.call("describe_thing_type", pump.clone());
    assert_eq!(found["thingTypeId"], made["thingTypeId"]);
    assert_eq!(
        found["thingTypeProperties"],
        json!({"thingTypeDescription": "what pumps", "searchableAttributes": ["site"]})
    );
    assert_eq!(found["thingTypeMetadata"]["deprecated"], false);
    assert_eq!(
        aws.refused("create_thing_type", pump.clone()),
        "ResourceAlreadyExistsException: Thing type pump already exists in the account with different settings."
    );
    for name in ["valve", "meter"] {
        aws.call("create_thing_type", json!({"thingTypeName": name}));
    }
    let all = aws.list("list_thing_types", "thingTypes", 1, json!({}));
    assert_eq!(texts(&all, "thingTypeName"), ["meter", "pump", "valve"]);
    let one = aws.list(
        "list_thing_types",
        "thingTypes",
        1,
        json!({"thingTypeName": "valve"}),
    );
    assert_eq!(texts(&one, "thingTypeName"), ["valve"]);
    let propagating = json!([{"userPropertyKey": "s", "thingAttribute": "site"}]);
    aws.call(
        "update_thing_type",
        json!({
            "thingTypeName": "pump",
            "thingTypeProperties": {"mqtt5Configuration": {"propagatingAttributes": propagating}},
        }),
    );
    let found = aws.call("describe_thing_type", pump.clone());
    assert_eq!(
        found["thingTypeProperties"]["mqtt5Configuration"]["propagatingAttributes"],
        propagating
    );
    things_of_a_type(&mut aws);
    let said = aws.refused("describe_thing_type", json!({"thingTypeName": "none"}));
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
}

/// A thing becomes a pump, and is none any more; meanwhile the type stays.
fn things_of_a_type(aws: &mut Boto3) {
    let pump = json!({"thingTypeName": "pump"});
    aws.call(
        "create_thing",
        json!({"thingName": "p1", "thingTypeName": "pump"}),
    );
    let thing = aws.call("describe_thing", json!({"thingName": "p1"}));
    assert_eq!(thing["thingTypeName"], "pump");
    let pumps = aws.list("list_things", "things", 5, pump.clone());
    assert_eq!(texts(&pumps, "thingName"), ["p1"]);
    let said = aws.refused("delete_thing_type", pump.clone());
    assert!(said.starts_with("InvalidRequestException: "), "{said}");
    aws.call("deprecate_thing_type", pump.clone());
    let said = aws.refused(
        "create_thing",
        json!({"thingName": "p2", "thingTypeName": "pump"}),
    );
    assert!(said.starts_with("InvalidRequestException: "), "{said}");
    // Terraform's provider waits for as long as it reads this.
    let said = aws.refused("delete_thing_type", pump);
    assert!(
        said.contains("Please wait for 5 minutes after deprecation and then retry"),
        "{said}"
    );
    aws.call(
        "deprecate_thing_type",
        json!({"thingTypeName": "pump", "undoDeprecate": true}),
    );
    aws.call(
        "update_thing",
        json!({"thingName": "p1", "removeThingType": true}),
    );
    let thing = aws.call("describe_thing", json!({"thingName": "p1"}));
    assert_eq!(thing.get("thingTypeName"), None);
}

#[test]
fn the_life_of_billing_groups_and_tags() {
    billing_groups(&Home::sqlite());
}

#[test]
fn the_life_of_billing_groups_and_tags_on_postgresql() {
    on_postgresql(billing_groups);
}

fn billing_groups(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    let north = json!({"billingGroupName": "north"});
    let made = aws.call(
        "create_billing_group",
        json!({
            "billingGroupName": "north",
            "billingGroupProperties": {"billingGroupDescription": "the north"},
            "tags": [{"Key": "cost", "Value": "1"}],
        }),
    );
    assert_eq!(made["billingGroupArn"], arn("billinggroup/north"));
    let found = aws.call("describe_billing_group", north.clone());
    assert_eq!(
        (&found["version"], &found["billingGroupProperties"]),
        (&json!(1), &json!({"billingGroupDescription": "the north"}))
    );
    let said = aws.refused("create_billing_group", north.clone());
    assert!(said.starts_with("ResourceAlreadyExistsException: "), "{said}");
    let update = json!({
        "billingGroupName": "north",
        "billingGroupProperties": {"billingGroupDescription": "the far north"},
        "expectedVersion": 1,
    });
    assert_eq!(
        aws.call("update_billing_group", update.clone()),
        json!({"version": 2})
    );
    let said = aws.refused("update_billing_group", update);
    assert!(said.starts_with("VersionConflictException: "), "{said}");

    aws.call(
        "create_thing",
        json!({"thingName": "p1", "billingGroupName": "north"}),
    );
    aws.call("create_thing", json!({"thingName": "p2"}));
    aws.call(
        "add_thing_to_billing_group",
        json!({"billingGroupName": "north", "thingArn": arn("thing/p2")}),
    );
    let things = aws.list("list_things_in_billing_group", "things", 1, north.clone());
    assert_eq!(things, ["p1", "p2"]);
    let thing = aws.call("describe_thing", json!({"thingName": "p2"}));
    assert_eq!(thing["billingGroupName"], "north");
    aws.call(
        "remove_thing_from_billing_group",
        json!({"billingGroupName": "north", "thingName": "p2"}),
    );
    aws.call("create_billing_group", json!({"billingGroupName": "south"}));
    let groups = aws.list("list_billing_groups", "billingGroups", 1, json!({}));
    assert_eq!(texts(&groups, "groupName"), ["north", "south"]);
    let groups = aws.list(
        "list_billing_groups",
        "billingGroups",
        5,
        json!({"namePrefixFilter": "s"}),
    );
    assert_eq!(texts(&groups, "groupName"), ["south"]);

    tags(&mut aws);
    let said = aws.refused(
        "delete_billing_group",
        json!({"billingGroupName": "north", "expectedVersion": 1}),
    );
    assert!(said.starts_with("VersionConflictException: "), "{said}");
    aws.call("delete_billing_group", north);
    let said = aws.refused(
        "list_tags_for_resource",
        json!({"resourceArn": arn("billinggroup/north")}),
    );
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
}

fn tags(aws: &mut Boto3) {
    let group = arn("billinggroup/north");
    let new =
        json!([{"Key": "team", "Value": "a b"}, {"Key": "cost", "Value": "2"}, {"Key": "x", "Value": ""}]);
    aws.call("tag_resource", json!({"resourceArn": group, "tags": new}));
    aws.call(
        "untag_resource",
        json!({"resourceArn": group, "tagKeys": ["none", "x"]}),
    );
    let tags = aws.call("list_tags_for_resource", json!({"resourceArn": group}));
    assert_eq!(
        tags["tags"],
        json!([{"Key": "cost", "Value": "2"}, {"Key": "team", "Value": "a b"}])
    );
    let said = aws.refused(
        "tag_resource",
        json!({"resourceArn": arn("thing/p1"), "tags": [{"Key": "a", "Value": "b"}]}),
    );
    assert!(said.starts_with("InvalidRequestException: "), "{said}");
}

#[test]
fn principals_and_event_configurations() {
    principals(&Home::sqlite());
}

#[test]
fn principals_and_event_configurations_on_postgresql() {
    on_postgresql(principals);
}

fn principals(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    let csr = include_str!("../../../testdata/certificates/request-p256.csr");
    let made = aws.call(
        "create_certificate_from_csr",
        json!({"certificateSigningRequest": csr}),
    );
    let principal = made["certificateArn"].as_str().unwrap();
    for name in ["p1", "p2"] {
        aws.call("create_thing", json!({"thingName": name}));
    }
    let exclusive = "EXCLUSIVE_THING";
    aws.call(
        "attach_thing_principal",
        json!({"thingName": "p1", "principal": principal, "thingPrincipalType": exclusive}),
    );
    let said = aws.refused(
        "attach_thing_principal",
        json!({"thingName": "p2", "principal": principal}),
    );
    assert!(said.starts_with("InvalidRequestException: "), "{said}");
    let of_principal = json!({"principal": principal});
    let things = aws.list("list_principal_things", "things", 1, of_principal.clone());
    assert_eq!(things, ["p1"]);
    let things = aws.list(
        "list_principal_things_v2",
        "principalThingObjects",
        1,
        of_principal,
    );
    assert_eq!(
        things,
        [json!({"thingName": "p1", "thingPrincipalType": exclusive})]
    );
    let found = aws.list(
        "list_thing_principals_v2",
        "thingPrincipalObjects",
        1,
        json!({"thingName": "p1"}),
    );
    assert_eq!(
        found,
        [json!({"principal": principal, "thingPrincipalType": exclusive})]
    );
    let others = json!({"thingName": "p1", "thingPrincipalType": "NON_EXCLUSIVE_THING"});
    let found = aws.list("list_thing_principals_v2", "thingPrincipalObjects", 1, others);
    assert!(found.is_empty(), "{found:?}");

    let before = aws.call("describe_event_configurations", json!({}));
    assert_eq!(before["eventConfigurations"].as_object().unwrap().len(), 11);
    aws.call(
        "update_event_configurations",
        json!({"eventConfigurations": {"THING": {"Enabled": true}, "POLICY": {"Enabled": false}}}),
    );
    let after = aws.call("describe_event_configurations", json!({}));
    assert_eq!(after["eventConfigurations"]["THING"]["Enabled"], true);
    assert_eq!(after["eventConfigurations"]["CERTIFICATE"]["Enabled"], false);
    assert_eq!(after["creationDate"], after["lastModifiedDate"]);
}
