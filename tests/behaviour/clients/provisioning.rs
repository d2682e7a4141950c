//! The AWS CLI and boto3 on provisioning templates and on RegisterThing, and the devices that come of it.

use std::path::Path;

use serde_json::{Value, json};

use super::aws_cli::{Aws, arn};
use super::aws_cli_certs::{Authority, publishes};
use super::calls::{Boto3, texts};
use super::device::{self, Kind};
use super::{installed, on_postgresql};
use crate::server::{ACCOUNT, Home};

const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole",
    "Principal": {"Service": "iot.amazonaws.com"}}}"#;
const DOCUMENT: &str =
    r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}"#;

/// A template of a thing, a policy and a certificate, in the form of the guide's ("Provisioning single things").
fn template(certificate: &Value) -> Value {
    json!({
        "Parameters": {
            "ThingName": {"Type": "String"},
            "SerialNumber": {"Type": "String"},
            "Location": {"Type": "String", "Default": "WA"},
        },
        "Resources": {
            "thing": {
                "Type": "AWS::IoT::Thing",
                "Properties": {
                    "ThingName": {"Ref": "ThingName"},
                    "AttributePayload": {"version": "v1", "serialNumber": {"Ref": "SerialNumber"}},
                    "ThingTypeName": "lightBulb",
                    "ThingGroups": ["v1-lightbulbs", {"Ref": "Location"}],
                },
                "OverrideSettings": {"AttributePayload": "MERGE", "ThingTypeName": "REPLACE", "ThingGroups": "DO_NOTHING"},
            },
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": DOCUMENT}},
        },
    })
}

#[test]
fn the_cli_registers_single_things() {
    registers_single_things(&Home::sqlite());
}

#[test]
fn the_cli_registers_single_things_on_postgresql() {
    on_postgresql(registers_single_things);
}

fn registers_single_things(home: &Home) {
    let server = home.start();
    let (Some(aws), Some(mut boto3)) = (Aws::new(&server), Boto3::new(&server)) else {
        return;
    };
    if !installed("mosquitto_pub") {
        return;
    }
    let directory = home.scratch();
    boto3.call("create_thing_type", json!({"thingTypeName": "lightBulb"}));
    for group in ["v1-lightbulbs", "WA"] {
        boto3.call("create_thing_group", json!({"thingGroupName": group}));
    }
    let register = |certificate: &Value, parameters: &Value| {
        let (body, values) = (directory.join("template.json"), directory.join("parameters.json"));
        std::fs::write(&body, template(certificate).to_string()).unwrap();
        std::fs::write(&values, parameters.to_string()).unwrap();
        let file = |path: &Path| format!("file://{}", path.display());
        aws.call(
            "iot register-thing --template-body",
            &[&file(&body), "--parameters", &file(&values)],
        )
    };
    let parameters = |name: &str, more: (&str, &str)| {
        let mut parameters = json!({"ThingName": name, "SerialNumber": "1"});
        parameters[more.0] = more.1.into();
        parameters
    };
    // From a CSR; the device connects with what it gets.
    let key = device::key(directory, "bulb-1", Kind::P256);
    let csr = device::request(&key, "bulb-1");
    let made = register(
        &json!({"CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"}),
        &parameters("bulb-1", ("CSR", &csr)),
    );
    assert_eq!(made["resourceArns"]["thing"], arn("thing/bulb-1"));
    let policy = made["resourceArns"]["policy"].as_str().unwrap();
    assert!(policy.starts_with(&arn("policy/")), "{policy}");
    let certificate = directory.join("bulb-1.pem");
    std::fs::write(&certificate, made["certificatePem"].as_str().unwrap()).unwrap();
    assert!(publishes(&server, &certificate, &key, "bulb-1"));
    // By the certificate's id, for a second thing.
    let id = made["resourceArns"]["certificate"].as_str().unwrap();
    let id = id.rsplit('/').next().unwrap();
    let again = register(
        &json!({"CertificateId": {"Ref": "Id"}}),
        &parameters("bulb-2", ("Id", id)),
    );
    assert_eq!(again["certificatePem"], made["certificatePem"]);
    assert_eq!(
        again["resourceArns"]["certificate"],
        made["resourceArns"]["certificate"]
    );
    // As PEM, under a CA of the customer's.
    let authority = Authority::new(directory, "ca");
    let ca = std::fs::read_to_string(&authority.certificate).unwrap();
    let new = json!({"caCertificate": ca, "certificateMode": "SNI_ONLY", "setAsActive": true});
    boto3.call("register_ca_certificate", new);
    let (_, own) = authority.certify(directory, "bulb-3", "bulb-3");
    let own = std::fs::read_to_string(own).unwrap();
    let third = register(
        &json!({"CertificatePem": {"Ref": "Pem"}, "CACertificatePem": ca}),
        &parameters("bulb-3", ("Pem", &own)),
    );
    assert_eq!(third["certificatePem"].as_str().unwrap().trim(), own.trim());
    let thing = boto3.call("describe_thing", json!({"thingName": "bulb-3"}));
    assert_eq!(
        (&thing["thingTypeName"], &thing["attributes"]),
        (
            &json!("lightBulb"),
            &json!({"version": "v1", "serialNumber": "1"})
        )
    );
    let said = aws.refused("iot register-thing --template-body {}", &[]);
    assert!(
        said.starts_with("(InvalidRequestException) when calling the RegisterThing operation: "),
        "{said}"
    );
}

#[test]
fn the_life_of_provisioning_templates() {
    templates(&Home::sqlite());
}

#[test]
fn the_life_of_provisioning_templates_on_postgresql() {
    on_postgresql(templates);
}

fn templates(home: &Home) {
    let server = home.start();
    let (Some(cli), Some(mut aws)) = (Aws::new(&server), Boto3::new(&server)) else {
        return;
    };
    cli.call(
        "iam create-role --role-name provisioning --assume-role-policy-document",
        &[TRUST],
    );
    let role = format!("arn:aws:iam::{ACCOUNT}:role/provisioning");
    let body = template(&json!({"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}})).to_string();
    let made = cli.call(
        "iot create-provisioning-template --template-name widget-template --template-body",
        &[
            &body,
            "--provisioning-role-arn",
            &role,
            "--tags",
            "Key=line,Value=4",
        ],
    );
    assert_eq!(
        made,
        json!({
            "templateArn": arn("provisioningtemplate/widget-template"),
            "templateName": "widget-template",
            "defaultVersionId": 1,
        })
    );
    let name = |more: Value| {
        let mut input = json!({"templateName": "widget-template"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        input
    };
    let described = aws.call("describe_provisioning_template", name(json!({})));
    assert_eq!(
        (
            &described["enabled"],
            &described["type"],
            &described["templateBody"]
        ),
        (&json!(false), &json!("FLEET_PROVISIONING"), &json!(body))
    );
    for name in ["a", "b"] {
        let new =
            json!({"templateName": name, "templateBody": body, "provisioningRoleArn": role, "type": "JITP"});
        aws.call("create_provisioning_template", new);
    }
    let listed = aws.list("list_provisioning_templates", "templates", 2, json!({}));
    assert_eq!(texts(&listed, "templateName"), ["a", "b", "widget-template"]);
    let version = cli.call(
        "iot create-provisioning-template-version --template-name widget-template --set-as-default --template-body",
        &[&body],
    );
    assert_eq!(
        (&version["versionId"], &version["isDefaultVersion"]),
        (&json!(2), &json!(true))
    );
    let version = aws.call(
        "create_provisioning_template_version",
        name(json!({"templateBody": body})),
    );
    assert_eq!(version["isDefaultVersion"], false);
    let versions = aws.list(
        "list_provisioning_template_versions",
        "versions",
        2,
        name(json!({})),
    );
    let numbers: Vec<&Value> = versions.iter().map(|version| &version["versionId"]).collect();
    assert_eq!(numbers, [1, 2, 3]);
    let update = json!({"enabled": true, "defaultVersionId": 3, "preProvisioningHook": {
        "targetArn": format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:hook"), "payloadVersion": "2020-04-01"}});
    aws.call("update_provisioning_template", name(update));
    let said = aws.refused(
        "delete_provisioning_template_version",
        name(json!({"versionId": 3})),
    );
    assert!(said.starts_with("DeleteConflictException: "), "{said}");
    aws.call(
        "delete_provisioning_template_version",
        name(json!({"versionId": 1})),
    );
    let third = aws.call(
        "describe_provisioning_template_version",
        name(json!({"versionId": 3})),
    );
    assert_eq!(third["isDefaultVersion"], true);
    cli.call(
        "iot update-provisioning-template --template-name widget-template --no-enabled --remove-pre-provisioning-hook",
        &[],
    );
    let described = aws.call("describe_provisioning_template", name(json!({})));
    assert_eq!(
        (described.get("preProvisioningHook"), &described["enabled"]),
        (None, &json!(false))
    );
    aws.call("delete_provisioning_template", name(json!({})));
    let said = aws.refused("describe_provisioning_template", name(json!({})));
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
}
