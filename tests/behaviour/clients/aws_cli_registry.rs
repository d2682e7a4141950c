//! The AWS CLI on thing types, billing groups, tags, thing groups, principals and policy versions: its own words for each.
//! What they do in all their cases is asked by boto3 (`registry`, `groups`).

use serde_json::{Value, json};

use super::aws_cli::{Aws, arn};
use crate::server::Home;

fn texts(answer: &Value, list: &str, member: &str) -> Vec<String> {
    super::calls::texts(answer[list].as_array().unwrap(), member)
}

#[test]
fn the_cli_on_thing_types() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let properties = r#"{"thingTypeDescription":"what pumps","searchableAttributes":["site"]}"#;
    let made = aws.call(
        "iot create-thing-type --thing-type-name pump --tags Key=team,Value=a --thing-type-properties",
        &[properties],
    );
    assert_eq!(made["thingTypeArn"], arn("thingtype/pump"));
    assert_eq!(
        aws.refused("iot create-thing-type --thing-type-name pump", &[]),
        "(ResourceAlreadyExistsException) when calling the CreateThingType operation: Thing type pump already exists in \
         the account with different settings."
    );
    let changed = r#"{"mqtt5Configuration":{"propagatingAttributes":[{"userPropertyKey":"s","thingAttribute":"site"}]}}"#;
    aws.call(
        "iot update-thing-type --thing-type-name pump --thing-type-properties",
        &[changed],
    );
    let found = aws.call("iot describe-thing-type --thing-type-name pump", &[]);
    assert_eq!(
        found["thingTypeProperties"]["mqtt5Configuration"]["propagatingAttributes"][0]["thingAttribute"],
        "site"
    );
    aws.call("iot create-thing-type --thing-type-name valve", &[]);
    let all = aws.call("iot list-thing-types --page-size 1", &[]);
    assert_eq!(texts(&all, "thingTypes", "thingTypeName"), ["pump", "valve"]);
    aws.call("iot deprecate-thing-type --thing-type-name pump", &[]);
    let said = aws.refused("iot delete-thing-type --thing-type-name pump", &[]);
    assert!(said.starts_with("(InvalidRequestException)"), "{said}");
    aws.call(
        "iot deprecate-thing-type --undo-deprecate --thing-type-name pump",
        &[],
    );
}

#[test]
fn the_cli_on_billing_groups_and_tags() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    aws.call(
        "iot create-billing-group --billing-group-name north --tags Key=cost,Value=1",
        &[],
    );
    let properties = r#"{"billingGroupDescription":"the far north"}"#;
    let update =
        "iot update-billing-group --billing-group-name north --expected-version 1 --billing-group-properties";
    assert_eq!(aws.call(update, &[properties]), json!({"version": 2}));
    let said = aws.refused(update, &[properties]);
    assert!(said.starts_with("(VersionConflictException)"), "{said}");
    aws.call("iot create-billing-group --billing-group-name south", &[]);
    let groups = aws.call("iot list-billing-groups --page-size 1", &[]);
    assert_eq!(texts(&groups, "billingGroups", "groupName"), ["north", "south"]);
    let group = arn("billinggroup/north");
    aws.call(
        "iot tag-resource --resource-arn",
        &[&group, "--tags", "Key=team,Value=a b", "Key=cost,Value=2"],
    );
    aws.call("iot untag-resource --tag-keys cost --resource-arn", &[&group]);
    let tags = aws.call("iot list-tags-for-resource --resource-arn", &[&group]);
    assert_eq!(tags["tags"], json!([{"Key": "team", "Value": "a b"}]));
    aws.call("iot delete-billing-group --billing-group-name north", &[]);
    let said = aws.refused("iot describe-billing-group --billing-group-name north", &[]);
    assert!(said.starts_with("(ResourceNotFoundException)"), "{said}");
}

#[test]
fn the_cli_on_thing_groups() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let made = aws.call(
        "iot create-thing-group --thing-group-name Lamps --thing-group-properties",
        &[r#"{"thingGroupDescription":"All lamps","attributePayload":{"attributes":{"colour":"red"}}}"#],
    );
    assert_eq!(made["thingGroupArn"], arn("thinggroup/Lamps"));
    aws.call(
        "iot create-thing-group --thing-group-name Bulbs --parent-group-name Lamps",
        &[],
    );
    let all = aws.call("iot list-thing-groups --page-size 1 --recursive", &[]);
    assert_eq!(texts(&all, "thingGroups", "groupName"), ["Bulbs", "Lamps"]);
    let updated = aws.call(
        "iot update-thing-group --thing-group-name Lamps --expected-version 1 --thing-group-properties",
        &[r#"{"attributePayload":{"attributes":{"size":"2"},"merge":true}}"#],
    );
    assert_eq!(updated, json!({"version": 2}));
    aws.call("iot create-thing --thing-name a", &[]);
    aws.call(
        "iot add-thing-to-thing-group --thing-group-name Bulbs --thing-name a",
        &[],
    );
    let inside = aws.call(
        "iot list-things-in-thing-group --thing-group-name Lamps --recursive",
        &[],
    );
    assert_eq!(inside["things"], json!(["a"]));
    assert_eq!(
        aws.refused("iot delete-thing-group --thing-group-name Lamps", &[]),
        "(InvalidRequestException) when calling the DeleteThingGroup operation: Cannot delete thing group : Lamps when \
         there are still child groups attached to it."
    );
    aws.call("iot delete-thing-group --thing-group-name Bulbs", &[]);
    let said = aws.refused("iot describe-thing-group --thing-group-name Bulbs", &[]);
    assert!(said.starts_with("(ResourceNotFoundException)"), "{said}");
}

#[test]
fn the_cli_on_policy_versions_and_event_configurations() {
    let home = Home::sqlite();
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let document =
        r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}}"#;
    aws.call("iot create-policy --policy-name P --policy-document", &[document]);
    let made = aws.call(
        "iot create-policy-version --policy-name P --set-as-default --policy-document",
        &[document],
    );
    assert_eq!(made["policyVersionId"], "2");
    let said = aws.refused(
        "iot delete-policy-version --policy-name P --policy-version-id 2",
        &[],
    );
    assert!(said.starts_with("(DeleteConflictException)"), "{said}");
    aws.call(
        "iot set-default-policy-version --policy-name P --policy-version-id 1",
        &[],
    );
    aws.call(
        "iot delete-policy-version --policy-name P --policy-version-id 2",
        &[],
    );
    let versions = aws.call("iot list-policy-versions --policy-name P", &[]);
    assert_eq!(texts(&versions, "policyVersions", "versionId"), ["1"]);
    aws.call(
        "iot update-event-configurations --event-configurations",
        &[r#"{"THING":{"Enabled":true},"POLICY":{"Enabled":false}}"#],
    );
    let after = aws.call("iot describe-event-configurations", &[]);
    assert_eq!(after["eventConfigurations"]["THING"]["Enabled"], true);
}
