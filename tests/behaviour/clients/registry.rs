//! The life of thing types, billing groups, tags, principals and event configurations with the AWS CLI.

use serde_json::{Value, json};

use super::aws_cli::{Aws, arn};
use super::on_postgresql;
use crate::server::Home;

/// The texts of a member in a list.
fn texts(answer: &Value, list: &str, member: &str) -> Vec<String> {
    let items = answer[list].as_array().unwrap();
    items
        .iter()
        .map(|item| item[member].as_str().unwrap().to_owned())
        .collect()
}

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
    let Some(aws) = Aws::new(&server) else { return };
    let properties = r#"{"thingTypeDescription":"what pumps","searchableAttributes":["site"]}"#;
    let made = aws.call(
        "iot create-thing-type --thing-type-name pump --tags Key=team,Value=a --thing-type-properties",
        &[properties],
    );
    assert_eq!(made["thingTypeArn"], arn("thingtype/pump"));
    let found = aws.call("iot describe-thing-type --thing-type-name pump", &[]);
    assert_eq!(found["thingTypeId"], made["thingTypeId"]);
    assert_eq!(
        found["thingTypeProperties"],
        json!({"thingTypeDescription": "what pumps", "searchableAttributes": ["site"]})
    );
    assert_eq!(found["thingTypeMetadata"]["deprecated"], false);
    assert_eq!(
        aws.refused("iot create-thing-type --thing-type-name pump", &[]),
        "(ResourceAlreadyExistsException) when calling the CreateThingType operation: Thing type pump already exists in \
         the account with different settings."
    );
    for name in ["valve", "meter"] {
        aws.call("iot create-thing-type --thing-type-name", &[name]);
    }
    let all = aws.call("iot list-thing-types --page-size 1", &[]);
    assert_eq!(
        texts(&all, "thingTypes", "thingTypeName"),
        ["meter", "pump", "valve"]
    );
    let one = aws.call("iot list-thing-types --thing-type-name valve", &[]);
    assert_eq!(texts(&one, "thingTypes", "thingTypeName"), ["valve"]);
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

    aws.call("iot create-thing --thing-name p1 --thing-type-name pump", &[]);
    let thing = aws.call("iot describe-thing --thing-name p1", &[]);
    assert_eq!(thing["thingTypeName"], "pump");
    let pumps = aws.call("iot list-things --thing-type-name pump", &[]);
    assert_eq!(texts(&pumps, "things", "thingName"), ["p1"]);
    let said = aws.refused("iot delete-thing-type --thing-type-name pump", &[]);
    assert!(said.starts_with("(InvalidRequestException)"), "{said}");
    aws.call("iot deprecate-thing-type --thing-type-name pump", &[]);
    let said = aws.refused("iot create-thing --thing-name p2 --thing-type-name pump", &[]);
    assert!(said.starts_with("(InvalidRequestException)"), "{said}");
    // Terraform's provider waits for as long as it reads this.
    let said = aws.refused("iot delete-thing-type --thing-type-name pump", &[]);
    assert!(
        said.contains("Please wait for 5 minutes after deprecation and then retry"),
        "{said}"
    );
    aws.call(
        "iot deprecate-thing-type --undo-deprecate --thing-type-name pump",
        &[],
    );
    aws.call("iot update-thing --thing-name p1 --remove-thing-type", &[]);
    let thing = aws.call("iot describe-thing --thing-name p1", &[]);
    assert_eq!(thing.get("thingTypeName"), None);
    let said = aws.refused("iot describe-thing-type --thing-type-name none", &[]);
    assert!(said.starts_with("(ResourceNotFoundException)"), "{said}");
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
    let Some(aws) = Aws::new(&server) else { return };
    let made = aws.call(
        "iot create-billing-group --billing-group-name north --tags Key=cost,Value=1 --billing-group-properties",
        &[r#"{"billingGroupDescription":"the north"}"#],
    );
    assert_eq!(made["billingGroupArn"], arn("billinggroup/north"));
    let found = aws.call("iot describe-billing-group --billing-group-name north", &[]);
    assert_eq!(
        (&found["version"], &found["billingGroupProperties"]),
        (&json!(1), &json!({"billingGroupDescription": "the north"}))
    );
    let said = aws.refused("iot create-billing-group --billing-group-name north", &[]);
    assert!(said.starts_with("(ResourceAlreadyExistsException)"), "{said}");
    let properties = r#"{"billingGroupDescription":"the far north"}"#;
    let updated = aws.call(
        "iot update-billing-group --billing-group-name north --expected-version 1 --billing-group-properties",
        &[properties],
    );
    assert_eq!(updated, json!({"version": 2}));
    let said = aws.refused(
        "iot update-billing-group --billing-group-name north --expected-version 1 --billing-group-properties",
        &[properties],
    );
    assert!(said.starts_with("(VersionConflictException)"), "{said}");

    aws.call("iot create-thing --thing-name p1 --billing-group-name north", &[]);
    aws.call("iot create-thing --thing-name p2", &[]);
    aws.call(
        "iot add-thing-to-billing-group --billing-group-name north --thing-arn",
        &[&arn("thing/p2")],
    );
    let things = aws.call(
        "iot list-things-in-billing-group --page-size 1 --billing-group-name north",
        &[],
    );
    assert_eq!(things["things"], json!(["p1", "p2"]));
    let thing = aws.call("iot describe-thing --thing-name p2", &[]);
    assert_eq!(thing["billingGroupName"], "north");
    aws.call(
        "iot remove-thing-from-billing-group --billing-group-name north --thing-name p2",
        &[],
    );
    aws.call("iot create-billing-group --billing-group-name south", &[]);
    let groups = aws.call("iot list-billing-groups --page-size 1", &[]);
    assert_eq!(texts(&groups, "billingGroups", "groupName"), ["north", "south"]);
    let groups = aws.call("iot list-billing-groups --name-prefix-filter s", &[]);
    assert_eq!(texts(&groups, "billingGroups", "groupName"), ["south"]);

    let group = arn("billinggroup/north");
    aws.call(
        "iot tag-resource --resource-arn",
        &[&group, "--tags", "Key=team,Value=a b", "Key=cost,Value=2"],
    );
    aws.call("iot untag-resource --tag-keys none --resource-arn", &[&group]);
    let tags = aws.call("iot list-tags-for-resource --resource-arn", &[&group]);
    assert_eq!(
        tags["tags"],
        json!([{"Key": "cost", "Value": "2"}, {"Key": "team", "Value": "a b"}])
    );
    let said = aws.refused(
        "iot tag-resource --tags Key=a,Value=b --resource-arn",
        &[&arn("thing/p1")],
    );
    assert!(said.starts_with("(InvalidRequestException)"), "{said}");

    let said = aws.refused(
        "iot delete-billing-group --expected-version 1 --billing-group-name north",
        &[],
    );
    assert!(said.starts_with("(VersionConflictException)"), "{said}");
    aws.call("iot delete-billing-group --billing-group-name north", &[]);
    let said = aws.refused("iot list-tags-for-resource --resource-arn", &[&group]);
    assert!(said.starts_with("(ResourceNotFoundException)"), "{said}");
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
    let Some(aws) = Aws::new(&server) else { return };
    let csr = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../testdata/certificates/request-p256.csr"
    );
    let made = aws.call(
        "iot create-certificate-from-csr --certificate-signing-request",
        &[&format!("file://{csr}")],
    );
    let principal = made["certificateArn"].as_str().unwrap();
    for name in ["p1", "p2"] {
        aws.call("iot create-thing --thing-name", &[name]);
    }
    let exclusively = "iot attach-thing-principal --thing-principal-type EXCLUSIVE_THING --thing-name";
    aws.call(exclusively, &["p1", "--principal", principal]);
    let said = aws.refused(
        "iot attach-thing-principal --thing-name p2 --principal",
        &[principal],
    );
    assert!(said.starts_with("(InvalidRequestException)"), "{said}");
    let things = aws.call("iot list-principal-things --principal", &[principal]);
    assert_eq!(things["things"], json!(["p1"]));
    let things = aws.call("iot list-principal-things-v2 --principal", &[principal]);
    assert_eq!(
        things["principalThingObjects"],
        json!([{"thingName": "p1", "thingPrincipalType": "EXCLUSIVE_THING"}])
    );
    let found = aws.call("iot list-thing-principals-v2 --thing-name p1", &[]);
    assert_eq!(
        found["thingPrincipalObjects"],
        json!([{"principal": principal, "thingPrincipalType": "EXCLUSIVE_THING"}])
    );
    let found = aws.call(
        "iot list-thing-principals-v2 --thing-principal-type NON_EXCLUSIVE_THING --thing-name p1",
        &[],
    );
    assert_eq!(found["thingPrincipalObjects"], json!([]));

    let before = aws.call("iot describe-event-configurations", &[]);
    assert_eq!(before["eventConfigurations"].as_object().unwrap().len(), 11);
    aws.call(
        "iot update-event-configurations --event-configurations",
        &[r#"{"THING":{"Enabled":true},"POLICY":{"Enabled":false}}"#],
    );
    let after = aws.call("iot describe-event-configurations", &[]);
    assert_eq!(after["eventConfigurations"]["THING"]["Enabled"], true);
    assert_eq!(after["eventConfigurations"]["CERTIFICATE"]["Enabled"], false);
    assert_eq!(after["creationDate"], after["lastModifiedDate"]);
}
