//! The AWS CLI at the whole life of thing groups and of the versions of a policy, on both engines.

use serde_json::{Value, json};

use super::aws_cli::{Aws, arn};
use super::device::{Device, Kind};
use super::on_postgresql;
use crate::server::Home;

#[test]
fn the_life_of_thing_groups() {
    thing_groups(&Home::sqlite());
    on_postgresql(thing_groups);
}

fn thing_groups(home: &Home) {
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let made = aws.call(
        "iot create-thing-group --thing-group-name Lamps --thing-group-properties",
        &[r#"{"thingGroupDescription":"All lamps","attributePayload":{"attributes":{"colour":"red"}}}"#],
    );
    assert_eq!(made["thingGroupArn"], arn("thinggroup/Lamps"));
    let child = "iot create-thing-group --thing-group-name Bulbs --parent-group-name Lamps";
    aws.call(child, &[]);
    aws.call(child, &[]);
    assert_eq!(
        aws.refused("iot create-thing-group --thing-group-name Lamps", &[]),
        "(ResourceAlreadyExistsException) when calling the CreateThingGroup operation: Thing group Lamps already exists \
         in the account with different settings."
    );
    let found = aws.call("iot describe-thing-group --thing-group-name Bulbs", &[]);
    assert_eq!(found["thingGroupMetadata"]["parentGroupName"], "Lamps");
    assert_eq!(
        found["thingGroupMetadata"]["rootToParentThingGroups"],
        json!([{"groupName": "Lamps", "groupArn": arn("thinggroup/Lamps")}])
    );
    let updated = aws.call(
        "iot update-thing-group --thing-group-name Lamps --expected-version 1 --thing-group-properties",
        &[r#"{"attributePayload":{"attributes":{"size":"2"},"merge":true}}"#],
    );
    assert_eq!(updated, json!({"version": 2}));
    let said = aws.refused(
        "iot update-thing-group --thing-group-name Lamps --expected-version 1 --thing-group-properties {}",
        &[],
    );
    assert!(said.starts_with("(VersionConflictException)"), "{said}");
    let names = |listed: &Value| -> Vec<String> {
        let groups = listed["thingGroups"].as_array().unwrap().iter();
        groups
            .map(|group| group["groupName"].as_str().unwrap().to_owned())
            .collect()
    };
    for number in 0..3 {
        let name = format!("Extra{number}");
        aws.call("iot create-thing-group --thing-group-name", &[&name]);
    }
    let all = aws.call("iot list-thing-groups --page-size 2", &[]);
    assert_eq!(names(&all), ["Bulbs", "Extra0", "Extra1", "Extra2", "Lamps"]);
    let below = aws.call("iot list-thing-groups --parent-group Lamps --recursive", &[]);
    assert_eq!(names(&below), ["Bulbs"]);
    let some = aws.call(
        "iot list-thing-groups --name-prefix-filter Ex --no-recursive",
        &[],
    );
    assert_eq!(names(&some).len(), 3);

    for thing in ["a", "b", "c"] {
        aws.call("iot create-thing --thing-name", &[thing]);
        aws.call(
            "iot add-thing-to-thing-group --thing-group-name Bulbs --thing-name",
            &[thing],
        );
    }
    let inside = aws.call(
        "iot list-things-in-thing-group --thing-group-name Lamps --recursive --page-size 2",
        &[],
    );
    assert_eq!(inside["things"], json!(["a", "b", "c"]));
    let said = aws.refused(
        "iot add-thing-to-thing-group --thing-group-name Lamps --thing-name a",
        &[],
    );
    assert!(
        said.starts_with("(InvalidRequestException) when calling the AddThingToThingGroup operation: "),
        "{said}"
    );
    aws.call(
        "iot update-thing-groups-for-thing --thing-name a --thing-groups-to-add Lamps Extra0 --thing-groups-to-remove Bulbs",
        &[],
    );
    let groups = aws.call("iot list-thing-groups-for-thing --thing-name a", &[]);
    assert_eq!(names(&groups), ["Lamps", "Extra0"]);
    aws.call(
        "iot remove-thing-from-thing-group --thing-name b --thing-group-arn",
        &[&arn("thinggroup/Bulbs")],
    );
    assert_eq!(
        aws.refused("iot delete-thing-group --thing-group-name Lamps", &[]),
        "(InvalidRequestException) when calling the DeleteThingGroup operation: Cannot delete thing group : Lamps when \
         there are still child groups attached to it."
    );
    for name in ["Bulbs", "Lamps", "Lamps"] {
        aws.call("iot delete-thing-group --thing-group-name", &[name]);
    }
    let groups = aws.call("iot list-thing-groups-for-thing --thing-name a", &[]);
    assert_eq!(names(&groups), ["Extra0"]);
    let said = aws.refused("iot describe-thing-group --thing-group-name Lamps", &[]);
    assert!(said.starts_with("(ResourceNotFoundException)"), "{said}");
}

#[test]
fn the_life_of_policy_versions() {
    policy_versions(&Home::sqlite());
    on_postgresql(policy_versions);
}

fn policy_versions(home: &Home) {
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let document = |action: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
            .to_string()
    };
    aws.call(
        "iot create-policy --policy-name P --policy-document",
        &[&document("iot:Connect")],
    );
    let made = aws.call(
        "iot create-policy-version --policy-name P --set-as-default --policy-document",
        &[&document("iot:Publish")],
    );
    assert_eq!(
        (&made["policyVersionId"], &made["isDefaultVersion"]),
        (&json!("2"), &json!(true))
    );
    aws.call(
        "iot set-default-policy-version --policy-name P --policy-version-id 1",
        &[],
    );
    let found = aws.call(
        "iot get-policy-version --policy-name P --policy-version-id 2",
        &[],
    );
    assert_eq!(found["policyDocument"], document("iot:Publish"));
    assert_eq!(found["isDefaultVersion"], false);
    let versions = aws.call("iot list-policy-versions --policy-name P", &[]);
    assert_eq!(versions["policyVersions"].as_array().unwrap().len(), 2);
    let said = aws.refused(
        "iot delete-policy-version --policy-name P --policy-version-id 1",
        &[],
    );
    assert!(said.starts_with("(DeleteConflictException)"), "{said}");
    for _ in 3..=5 {
        aws.call(
            "iot create-policy-version --policy-name P --policy-document",
            &[&document("iot:Receive")],
        );
    }
    assert_eq!(
        aws.refused(
            "iot create-policy-version --policy-name P --policy-document",
            &[&document("iot:Receive")]
        ),
        "(VersionsLimitExceededException) when calling the CreatePolicyVersion operation: The policy P already has the \
         maximum number of versions (5)"
    );
    for version in ["2", "3", "4", "5"] {
        aws.call(
            "iot delete-policy-version --policy-name P --policy-version-id",
            &[version],
        );
    }

    let device = Device::from_csr(home.scratch(), "pump-1", Kind::P256, &mut server.administrator());
    let certificate = aws.call("iot list-certificates", &[])["certificates"][0]["certificateArn"].clone();
    let certificate = certificate.as_str().unwrap();
    drop(device);
    aws.call("iot create-thing-group --thing-group-name G", &[]);
    let group = arn("thinggroup/G");
    for target in [certificate, &group] {
        aws.call("iot attach-policy --policy-name P --target", &[target]);
    }
    let targets = aws.call("iot list-targets-for-policy --policy-name P", &[]);
    assert_eq!(targets["targets"], json!([certificate, group]));
    let attached = aws.call("iot list-attached-policies --recursive --target", &[&group]);
    assert_eq!(attached["policies"][0]["policyName"], "P");
    let effective = aws.call("iot get-effective-policies --principal", &[certificate]);
    assert_eq!(
        effective["effectivePolicies"][0]["policyDocument"],
        document("iot:Connect")
    );
    let infos = format!(
        r#"[{{"actionType":"CONNECT","resources":["{}"]}}]"#,
        arn("client/x")
    );
    let tested = aws.call(
        "iot test-authorization --client-id x --principal",
        &[certificate, "--auth-infos", &infos],
    );
    assert_eq!(tested["authResults"][0]["authDecision"], "ALLOWED");
    // The older names of the same.
    let principals = aws.call("iot list-policy-principals --policy-name P", &[]);
    assert_eq!(principals["principals"], json!([certificate]));
    let policies = aws.call("iot list-principal-policies --principal", &[certificate]);
    assert_eq!(policies["policies"][0]["policyName"], "P");
    aws.call(
        "iot detach-principal-policy --policy-name P --principal",
        &[certificate],
    );
    aws.call(
        "iot attach-principal-policy --policy-name P --principal",
        &[certificate],
    );
    let said = aws.refused("iot delete-policy --policy-name P", &[]);
    assert!(said.starts_with("(DeleteConflictException)"), "{said}");
    for target in [certificate, &group] {
        aws.call("iot detach-policy --policy-name P --target", &[target]);
    }
    aws.call("iot delete-policy --policy-name P", &[]);
}
