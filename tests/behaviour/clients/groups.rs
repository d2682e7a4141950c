//! The whole life of thing groups and of the versions of a policy with boto3, on both engines.

use serde_json::{Value, json};

use super::aws_cli::arn;
use super::calls::{Boto3, texts};
use super::device::{Device, Kind};
use super::on_postgresql;
use crate::server::Home;

fn group(name: &str) -> Value {
    json!({"thingGroupName": name})
}

#[test]
fn the_life_of_thing_groups() {
    thing_groups(&Home::sqlite());
}

#[test]
fn the_life_of_thing_groups_on_postgresql() {
    on_postgresql(thing_groups);
}

fn thing_groups(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    let made = aws.call(
        "create_thing_group",
        json!({
            "thingGroupName": "Lamps",
            "thingGroupProperties": {
                "thingGroupDescription": "All lamps",
                "attributePayload": {"attributes": {"colour": "red"}},
            },
        }),
    );
    assert_eq!(made["thingGroupArn"], arn("thinggroup/Lamps"));
    let child = json!({"thingGroupName": "Bulbs", "parentGroupName": "Lamps"});
    let made = aws.call("create_thing_group", child.clone());
    assert_eq!(aws.call("create_thing_group", child), made);
    assert_eq!(
        aws.refused("create_thing_group", group("Lamps")),
        "ResourceAlreadyExistsException: Thing group Lamps already exists in the account with different settings."
    );
    let found = aws.call("describe_thing_group", group("Bulbs"));
    assert_eq!(found["thingGroupMetadata"]["parentGroupName"], "Lamps");
    assert_eq!(
        found["thingGroupMetadata"]["rootToParentThingGroups"],
        json!([{"groupName": "Lamps", "groupArn": arn("thinggroup/Lamps")}])
    );
    let update = json!({
        "thingGroupName": "Lamps",
        "expectedVersion": 1,
        "thingGroupProperties": {"attributePayload": {"attributes": {"size": "2"}, "merge": true}},
    });
    assert_eq!(
        aws.call("update_thing_group", update.clone()),
        json!({"version": 2})
    );
    let said = aws.refused("update_thing_group", update);
    assert!(said.starts_with("VersionConflictException: "), "{said}");
    for name in ["Extra0", "Extra1", "Extra2"] {
        aws.call("create_thing_group", group(name));
    }
    for (filter, expected) in [
        (json!({}), &["Bulbs", "Extra0", "Extra1", "Extra2", "Lamps"][..]),
        (json!({"parentGroup": "Lamps", "recursive": true}), &["Bulbs"]),
        (
            json!({"namePrefixFilter": "Ex", "recursive": false}),
            &["Extra0", "Extra1", "Extra2"],
        ),
    ] {
        let listed = aws.list("list_thing_groups", "thingGroups", 2, filter);
        assert_eq!(texts(&listed, "groupName"), expected);
    }
    members(&mut aws);
    assert_eq!(
        aws.refused("delete_thing_group", group("Lamps")),
        "InvalidRequestException: Cannot delete thing group : Lamps when there are still child groups attached to it."
    );
    for name in ["Bulbs", "Lamps", "Lamps"] {
        aws.call("delete_thing_group", group(name));
    }
    let of_thing = json!({"thingName": "a"});
    let groups = aws.list("list_thing_groups_for_thing", "thingGroups", 5, of_thing);
    assert_eq!(texts(&groups, "groupName"), ["Extra0"]);
    let said = aws.refused("describe_thing_group", group("Lamps"));
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
}

/// Three things join Bulbs, which is below Lamps; one goes on to Lamps and Extra0, another leaves.
fn members(aws: &mut Boto3) {
    for thing in ["a", "b", "c"] {
        aws.call("create_thing", json!({"thingName": thing}));
        aws.call(
            "add_thing_to_thing_group",
            json!({"thingGroupName": "Bulbs", "thingName": thing}),
        );
    }
    let inside = json!({"thingGroupName": "Lamps", "recursive": true});
    let inside = aws.list("list_things_in_thing_group", "things", 2, inside);
    assert_eq!(inside, ["a", "b", "c"]);
    let said = aws.refused(
        "add_thing_to_thing_group",
        json!({"thingGroupName": "Lamps", "thingName": "a"}),
    );
    assert!(said.starts_with("InvalidRequestException: "), "{said}");
    aws.call(
        "update_thing_groups_for_thing",
        json!({
            "thingName": "a",
            "thingGroupsToAdd": ["Lamps", "Extra0"],
            "thingGroupsToRemove": ["Bulbs"],
        }),
    );
    let of_thing = json!({"thingName": "a"});
    let groups = aws.list("list_thing_groups_for_thing", "thingGroups", 1, of_thing);
    assert_eq!(texts(&groups, "groupName"), ["Lamps", "Extra0"]);
    aws.call(
        "remove_thing_from_thing_group",
        json!({"thingName": "b", "thingGroupArn": arn("thinggroup/Bulbs")}),
    );
    let inside = aws.list("list_things_in_thing_group", "things", 2, group("Bulbs"));
    assert_eq!(inside, ["c"]);
}

#[test]
fn the_life_of_policy_versions() {
    policy_versions(&Home::sqlite());
}

#[test]
fn the_life_of_policy_versions_on_postgresql() {
    on_postgresql(policy_versions);
}

fn document(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
        .to_string()
}

fn version(id: &str) -> Value {
    json!({"policyName": "P", "policyVersionId": id})
}

fn policy_versions(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    let new = |action| json!({"policyName": "P", "policyDocument": document(action)});
    aws.call("create_policy", new("iot:Connect"));
    let mut second = new("iot:Publish");
    second["setAsDefault"] = true.into();
    let made = aws.call("create_policy_version", second);
    assert_eq!(
        (&made["policyVersionId"], &made["isDefaultVersion"]),
        (&json!("2"), &json!(true))
    );
    aws.call("set_default_policy_version", version("1"));
    let found = aws.call("get_policy_version", version("2"));
    assert_eq!(found["policyDocument"], document("iot:Publish"));
    assert_eq!(found["isDefaultVersion"], false);
    let versions = aws.call("list_policy_versions", json!({"policyName": "P"}));
    assert_eq!(versions["policyVersions"].as_array().unwrap().len(), 2);
    let said = aws.refused("delete_policy_version", version("1"));
    assert!(said.starts_with("DeleteConflictException: "), "{said}");
    for _ in 3..=5 {
        aws.call("create_policy_version", new("iot:Receive"));
    }
    assert_eq!(
        aws.refused("create_policy_version", new("iot:Receive")),
        "VersionsLimitExceededException: The policy P already has the maximum number of versions (5)"
    );
    for id in ["2", "3", "4", "5"] {
        aws.call("delete_policy_version", version(id));
    }
}

#[test]
fn a_policy_on_a_certificate_and_a_group() {
    attachments(&Home::sqlite());
}

#[test]
fn a_policy_on_a_certificate_and_a_group_on_postgresql() {
    on_postgresql(attachments);
}

fn attachments(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    let policy = json!({"policyName": "P"});
    aws.call(
        "create_policy",
        json!({"policyName": "P", "policyDocument": document("iot:Connect")}),
    );
    let device = Device::from_csr(home.scratch(), "pump-1", Kind::P256, &mut server.administrator());
    let certificate = device.arn.as_str();
    aws.call("create_thing_group", group("G"));
    let target = arn("thinggroup/G");
    let pairs = [certificate, &target].map(|target| json!({"policyName": "P", "target": target}));
    for pair in &pairs {
        aws.call("attach_policy", pair.clone());
    }
    let targets = aws.list("list_targets_for_policy", "targets", 1, policy.clone());
    assert_eq!(targets, [certificate, &target]);
    let attached = json!({"target": target, "recursive": true});
    let attached = aws.list("list_attached_policies", "policies", 1, attached);
    assert_eq!(texts(&attached, "policyName"), ["P"]);
    let effective = aws.call("get_effective_policies", json!({"principal": certificate}));
    assert_eq!(
        effective["effectivePolicies"][0]["policyDocument"],
        document("iot:Connect")
    );
    let tested = aws.call(
        "test_authorization",
        json!({
            "principal": certificate,
            "clientId": "x",
            "authInfos": [{"actionType": "CONNECT", "resources": [arn("client/x")]}],
        }),
    );
    assert_eq!(tested["authResults"][0]["authDecision"], "ALLOWED");
    // The older names of the same.
    let principals = aws.list("list_policy_principals", "principals", 1, policy.clone());
    assert_eq!(principals, [certificate]);
    let of_principal = json!({"principal": certificate});
    let policies = aws.list("list_principal_policies", "policies", 1, of_principal);
    assert_eq!(texts(&policies, "policyName"), ["P"]);
    let pair = json!({"policyName": "P", "principal": certificate});
    aws.call("detach_principal_policy", pair.clone());
    aws.call("attach_principal_policy", pair);
    let said = aws.refused("delete_policy", policy.clone());
    assert!(said.starts_with("DeleteConflictException: "), "{said}");
    for pair in pairs {
        aws.call("detach_policy", pair);
    }
    aws.call("delete_policy", policy);
}
