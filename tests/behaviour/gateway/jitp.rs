//! Just-in-time provisioning: a device of a registered CA connects, and all that it needs is made.

use rcgen::{DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256};
use rustls::version::{TLS12, TLS13};
use serde_json::{Value, json};
use thingsmith_gateway::Config;
use thingsmith_testkit::{Client, Engine};

use super::factory::{Factory, described, subject};
use super::jitr::handler;
use super::lab::{Device, EVERYTHING, Lab};
use crate::http::{iam, named, role};

/// Calls an operation that succeeds.
pub(super) async fn done(client: &Client, operation: &str, input: Value) -> Value {
    let reply = named(client, operation, input).await;
    assert_eq!(reply.status, 200, "{operation}: {reply}");
    match reply.body.is_empty() {
        true => Value::Null,
        false => reply.json(),
    }
}

/// What provisioning needs: a role with AWS's own policy for it and a policy for devices.
pub(super) async fn prepare(lab: &Lab) -> String {
    let admin = lab.server.administrator();
    let role = role(&admin, "jitp").await;
    let policy = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration";
    let attached = iam(
        &admin,
        "AttachRolePolicy",
        json!({"RoleName": "jitp", "PolicyArn": policy}),
    )
    .await;
    assert_eq!(attached.status, 200, "{attached}");
    let policy = json!({"policyName": "devices", "policyDocument": EVERYTHING});
    done(&admin, "CreatePolicy", policy).await;
    role
}

/// A template that names a thing after the common name, with further resources or properties of the thing.
pub(super) fn template(thing: Value) -> Value {
    let mut properties = json!({
        "ThingName": {"Ref": "AWS::IoT::Certificate::CommonName"},
        "AttributePayload": {
            "maker": {"Ref": "AWS::IoT::Certificate::Organization"},
            "serial": {"Fn::Join": ["", ["no-", {"Ref": "AWS::IoT::Certificate::SerialNumber"}]]},
        },
    });
    properties
        .as_object_mut()
        .unwrap()
        .extend(thing.as_object().unwrap().clone());
    json!({
        "Parameters": {
            "AWS::IoT::Certificate::CommonName": {"Type": "String"},
            "AWS::IoT::Certificate::Organization": {"Type": "String"},
            "AWS::IoT::Certificate::SerialNumber": {"Type": "String", "Default": "unknown"},
            "AWS::IoT::Certificate::Id": {"Type": "String"},
        },
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": properties},
            "certificate": {
                "Type": "AWS::IoT::Certificate",
                "Properties": {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}, "Status": "ACTIVE"},
            },
            "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": "devices"}},
        },
    })
}

/// A `registrationConfig` with a template in it.
pub(super) fn by_body(template: &Value, role: &str) -> Value {
    json!({"registrationConfig": {"templateBody": template.to_string(), "roleArn": role}})
}

/// Makes an enabled template and gives back a `registrationConfig` that names it.
pub(super) async fn by_name(client: &Client, name: &str, template: &Value, role: &str) -> Value {
    let input = json!({
        "templateName": name, "templateBody": template.to_string(), "type": "JITP", "enabled": true,
        "provisioningRoleArn": role,
    });
    done(client, "CreateProvisioningTemplate", input).await;
    json!({"registrationConfig": {"templateName": name}})
}

/// A device with a common name and an organization.
pub(super) fn device(factory: &Factory, name: &str) -> Device {
    let params = subject(&[(DnType::OrganizationName, "Maker"), (DnType::CommonName, name)]);
    factory.make(&params, KeyPair::generate().unwrap())
}

#[tokio::test]
async fn a_device_is_provisioned_by_its_first_connection_and_comes_in_with_its_second() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let admin = lab.server.administrator();
        let role = prepare(&lab).await;
        done(&admin, "CreateThingType", json!({"thingTypeName": "pump"})).await;
        done(&admin, "CreateThingGroup", json!({"thingGroupName": "north"})).await;
        done(&admin, "CreateBillingGroup", json!({"billingGroupName": "plant"})).await;
        let document = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"},
        ]});
        let mut whole = template(json!({
            "ThingTypeName": "pump", "ThingGroups": ["north"], "BillingGroup": "plant",
        }));
        whole["Resources"]["own"] = json!({
            "Type": "AWS::IoT::Policy", "Properties": {"PolicyDocument": document.to_string()},
        });
        let factory = Factory::new("factory");
        let ca = factory.register_with(&admin, by_body(&whole, &role)).await;
        let mut handler = handler(&lab).await;
        let params = subject(&[
            (DnType::OrganizationName, "Maker"),
            (DnType::CommonName, "pump-1"),
            (DnType::CustomDnType(vec![2, 5, 4, 5]), "0815"),
        ]);
        let pump = factory.make(&params, KeyPair::generate().unwrap());

        assert!(lab.dial(&pump).try_connect("pump-1").await.is_none());
        let shown = described(&lab, &pump).await;
        assert_eq!(
            (&shown["status"], &shown["caCertificateId"]),
            (&json!("ACTIVE"), &json!(ca))
        );
        let thing = done(&admin, "DescribeThing", json!({"thingName": "pump-1"})).await;
        assert_eq!(
            thing["attributes"],
            json!({"maker": "Maker", "serial": "no-0815"})
        );
        assert_eq!(
            (&thing["thingTypeName"], &thing["billingGroupName"]),
            (&json!("pump"), &json!("plant"))
        );
        let groups = done(&admin, "ListThingGroupsForThing", json!({"thingName": "pump-1"})).await;
        assert_eq!(groups["thingGroups"][0]["groupName"], "north");
        let principals = done(&admin, "ListThingPrincipals", json!({"thingName": "pump-1"})).await;
        assert_eq!(principals["principals"], json!([shown["certificateArn"]]));
        let target = json!({"target": shown["certificateArn"]});
        let policies = done(&admin, "ListAttachedPolicies", target).await;
        assert_eq!(policies["policies"].as_array().unwrap().len(), 2);
        let (topic, body, _) = handler.message().await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(topic, format!("$aws/events/certificates/registered/{ca}"));
        assert_eq!(body["certificateId"], pump.id());
        let decisions = lab.server.deeds.decisions().about("pump-1");
        assert_eq!(decisions[0].stage.as_str(), "provisioning");
        assert_eq!(decisions[0].ca_certificate_id.as_ref(), Some(&ca));

        let mut wire = lab.dial(&pump).connect("pump-1").await;
        assert!(wire.publish("pumps/1", b"up").await);
        assert_eq!(
            described(&lab, &pump).await,
            shown,
            "its second connection changes nothing"
        );
        assert!(handler.is_alive().await);
        lab.stop().await;
    }
}

#[tokio::test]
async fn every_kind_of_certificate_is_provisioned_however_it_and_its_template_come() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    let role = prepare(&lab).await;
    let mut names = (0..).map(|number| format!("pump-{number}"));
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_RSA_SHA256] {
        for named in [false, true] {
            let template = template(json!({}));
            let config = match named {
                true => by_name(&admin, &names.next().unwrap(), &template, &role).await,
                false => by_body(&template, &role),
            };
            let factory = Factory::of_kind(&names.next().unwrap(), algorithm);
            factory.register_with(&admin, config).await;
            for version in [&TLS12, &TLS13] {
                for sends_ca in [false, true] {
                    let name = names.next().unwrap();
                    let params = subject(&[(DnType::OrganizationName, "M"), (DnType::CommonName, &name)]);
                    let mut pump = factory.make(&params, KeyPair::generate_for(algorithm).unwrap());
                    if sends_ca {
                        pump = pump.sending(&factory);
                    }
                    let dial = || lab.dial(&pump).version(version);
                    assert!(dial().try_connect(&name).await.is_none());
                    assert!(dial().try_connect(&name).await.is_some());
                    let thing = done(&admin, "DescribeThing", json!({"thingName": name})).await;
                    assert_eq!(thing["attributes"]["maker"], "M");
                }
            }
            // Version 1, as the guide's `openssl x509 -req` makes it.
            let name = names.next().unwrap();
            let pump = factory.openssl(&format!("{name}/O=M"), &[]);
            lab.server
                .clock
                .set(pump.certificate.not_before.max(lab.server.deeds.clock().now()));
            assert!(lab.dial(&pump).mismatched().try_connect(&name).await.is_none());
            assert!(lab.dial(&pump).mismatched().try_connect(&name).await.is_some());
        }
    }
    lab.stop().await;
}

#[tokio::test]
async fn a_changed_template_counts_for_the_next_device() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    let role = prepare(&lab).await;
    let with = |maker: &str| template(json!({"AttributePayload": {"maker": maker}}));
    let config = by_name(&admin, "pumps", &with("one"), &role).await;
    let (named_factory, own_factory) = (Factory::new("a"), Factory::new("b"));
    named_factory.register_with(&admin, config).await;
    let ca = own_factory
        .register_with(&admin, by_body(&with("one"), &role))
        .await;
    let version = json!({
        "templateName": "pumps", "templateBody": with("two").to_string(), "setAsDefault": true,
    });
    let maker = async |factory: &Factory, name: &str| {
        let pump = device(factory, name);
        assert!(lab.dial(&pump).try_connect(name).await.is_none());
        let thing = done(&admin, "DescribeThing", json!({"thingName": name})).await;
        thing["attributes"]["maker"].as_str().unwrap().to_owned()
    };
    assert_eq!(maker(&named_factory, "a-1").await, "one");
    assert_eq!(maker(&own_factory, "b-1").await, "one");
    done(&admin, "CreateProvisioningTemplateVersion", version).await;
    let mut update = by_body(&with("two"), &role);
    update["certificateId"] = ca.into();
    done(&admin, "UpdateCACertificate", update).await;
    assert_eq!(maker(&named_factory, "a-2").await, "two");
    assert_eq!(maker(&own_factory, "b-2").await, "two");
    lab.stop().await;
}
