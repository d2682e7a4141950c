//! Devices that cannot be provisioned: what is written down, and that the next connection tries again.

use rcgen::{DnType, KeyPair};
use serde_json::{Value, json};
use thingsmith_gateway::Config;
use thingsmith_testkit::{Client, Engine};

use super::factory::{Factory, described, registered, subject};
use super::jitp::{by_body, by_name, device, done, prepare, template};
use super::jitr::handler;
use super::lab::{Device, EVERYTHING, Lab};
use crate::http::{iam, named};

/// Connects in vain and gives back the step and the reason that are written down.
async fn fails(lab: &Lab, device: &Device) -> (Option<&'static str>, String) {
    assert!(lab.dial(device).try_connect("pump").await.is_none());
    let records = lab.server.deeds.decisions().about(&device.id());
    let record = records.last().expect("it is written down");
    assert_eq!(record.stage.as_str(), "provisioning", "{}", record.reason);
    assert_eq!(record.realm, Some(lab.realm.realm));
    (record.template_step, record.reason.clone())
}

async fn things(client: &Client) -> usize {
    done(client, "ListThings", json!({})).await["things"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn what_a_template_names_and_nobody_made_is_named_and_the_next_connection_tries_again() {
    for engine in Engine::available() {
        let lab = Lab::on(engine, Config::default()).await;
        let admin = lab.server.administrator();
        let role = prepare(&lab).await;
        let mut handler = handler(&lab).await;
        let mut with_policy = template(json!({}));
        with_policy["Resources"]["policy"]["Properties"]["PolicyName"] = "later".into();
        for (number, (template, reason, make, input)) in [
            (
                with_policy,
                "Resources.policy: Policy later not found",
                "CreatePolicy",
                json!({"policyName": "later", "policyDocument": EVERYTHING}),
            ),
            (
                template(json!({"ThingGroups": ["later"]})),
                "Resources.thing: ",
                "CreateThingGroup",
                json!({"thingGroupName": "later"}),
            ),
            (
                template(json!({"ThingTypeName": "later"})),
                "Resources.thing: ",
                "CreateThingType",
                json!({"thingTypeName": "later"}),
            ),
            (
                template(json!({"BillingGroup": "later"})),
                "Resources.thing: ",
                "CreateBillingGroup",
                json!({"billingGroupName": "later"}),
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let factory = Factory::new(&format!("factory {number}"));
            factory.register_with(&admin, by_body(&template, &role)).await;
            let pump = device(&factory, &format!("pump-{number}"));
            for _ in 0..2 {
                let (step, why) = fails(&lab, &pump).await;
                assert_eq!(step, Some("resources"), "{why}");
                assert!(why.contains(reason) && why.contains("later"), "{why}");
                assert_eq!(described(&lab, &pump).await["status"], "PENDING_ACTIVATION");
                let event: Value = serde_json::from_str(&handler.text().await).unwrap();
                assert_eq!(event["certificateId"], pump.id());
            }
            assert_eq!(things(&admin).await, number, "nothing of it is there");
            done(&admin, make, input).await;
            let (step, why) = fails(&lab, &pump).await;
            assert_eq!(
                (step, why.contains("it was provisioned now")),
                (None, true),
                "{why}"
            );
            handler.message().await;
            assert_eq!(things(&admin).await, number + 1);
            assert_eq!(described(&lab, &pump).await["status"], "ACTIVE");
            lab.dial(&pump).connect("pump").await;
        }
        lab.stop().await;
    }
}

#[tokio::test]
async fn a_subject_that_does_not_fit_is_named() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    let role = prepare(&lab).await;
    let factory = Factory::new("factory");
    factory
        .register_with(&admin, by_body(&template(json!({})), &role))
        .await;
    let before = registered(&lab).await;
    let make = |pairs: &[(DnType, &str)]| factory.make(&subject(pairs), KeyPair::generate().unwrap());
    let organization = (DnType::OrganizationName, "Maker");
    let long = "x".repeat(129);
    let cases = [
        (
            make(&[(DnType::CommonName, "pump-1")]),
            "parameters",
            "AWS::IoT::Certificate::Organization",
        ),
        (
            make(std::slice::from_ref(&organization)),
            "parameters",
            "AWS::IoT::Certificate::CommonName",
        ),
        (make(&[]), "parameters", "which has no value"),
        (
            make(&[organization.clone(), (DnType::CommonName, "pump 1")]),
            "resources",
            "Resources.thing: ",
        ),
        (
            make(&[organization.clone(), (DnType::CommonName, &long)]),
            "resources",
            "Resources.thing: ",
        ),
        (
            make(&[
                (DnType::OrganizationName, "Maker, & Söhne"),
                (DnType::CommonName, "pump-1"),
            ]),
            "resources",
            "Resources.thing: ",
        ),
    ];
    let count = cases.len();
    for (device, step, reason) in cases {
        let (found, why) = fails(&lab, &device).await;
        assert_eq!(found, Some(step), "{why}");
        assert!(why.contains(reason), "{why}");
        assert_eq!(described(&lab, &device).await["status"], "PENDING_ACTIVATION");
    }
    assert_eq!(things(&admin).await, 0);
    assert_eq!(registered(&lab).await, before + count);
    lab.stop().await;
}

#[tokio::test]
async fn a_role_that_may_not_and_a_template_that_is_not_enabled_provision_nobody() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    let role = prepare(&lab).await;
    let factory = Factory::new("factory");
    let config = by_name(&admin, "pumps", &template(json!({})), &role).await;
    factory.register_with(&admin, config).await;
    let pump = device(&factory, "pump-1");
    let enable = |enabled: bool| json!({"templateName": "pumps", "enabled": enabled});
    done(&admin, "UpdateProvisioningTemplate", enable(false)).await;
    let (step, why) = fails(&lab, &pump).await;
    assert_eq!(
        (step, why.contains("pumps is not enabled")),
        (Some("template"), true),
        "{why}"
    );
    done(&admin, "UpdateProvisioningTemplate", enable(true)).await;

    let aws = "arn:aws:iam::aws:policy/service-role/AWSIoTThingsRegistration";
    let policy = json!({"RoleName": "jitp", "PolicyArn": aws});
    assert_eq!(iam(&admin, "DetachRolePolicy", policy.clone()).await.status, 200);
    let (step, why) = fails(&lab, &pump).await;
    assert_eq!(step, Some("resources"), "{why}");
    assert!(
        why.contains("assumed-role/jitp/") && why.contains("is not authorized to perform: iot:"),
        "{why}"
    );
    assert_eq!(iam(&admin, "AttachRolePolicy", policy).await.status, 200);

    let trust = |service: &str| {
        let document = json!({"Version": "2012-10-17", "Statement": {
            "Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole",
        }});
        json!({"RoleName": "jitp", "PolicyDocument": document.to_string()})
    };
    let update = iam(&admin, "UpdateAssumeRolePolicy", trust("lambda.amazonaws.com")).await;
    assert_eq!(update.status, 200, "{update}");
    let (step, why) = fails(&lab, &pump).await;
    assert_eq!((step, why.contains("role/jitp")), (Some("role"), true), "{why}");
    let update = iam(&admin, "UpdateAssumeRolePolicy", trust("iot.amazonaws.com")).await;
    assert_eq!(update.status, 200, "{update}");

    assert_eq!(things(&admin).await, 0);
    assert_eq!(described(&lab, &pump).await["status"], "PENDING_ACTIVATION");
    let (step, why) = fails(&lab, &pump).await;
    assert_eq!(step, None, "{why}");
    lab.dial(&pump).connect("pump-1").await;

    // What is counted: one provisioned, three that were not.
    let mut page = thingsmith_core::metrics::Page::default();
    lab.server.deeds.metrics().write(&mut page);
    let page = page.into_text();
    for line in [
        "thingsmith_provision_thing_total{outcome=\"success\"} 1",
        "thingsmith_provision_thing_total{outcome=\"client_error\"} 3",
        "thingsmith_provision_thing_total{outcome=\"server_error\"} 0",
        "thingsmith_refused_total{stage=\"provisioning\"} 4",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} in\n{page}");
    }
    lab.stop().await;
}

#[tokio::test]
async fn what_override_settings_and_exclusive_things_forbid_is_named() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    let role = prepare(&lab).await;
    let mut fail = template(json!({}));
    fail["Resources"]["thing"]["OverrideSettings"] = json!({"AttributePayload": "FAIL"});
    let factory = Factory::new("factory");
    factory.register_with(&admin, by_body(&fail, &role)).await;
    done(&admin, "CreateThing", json!({"thingName": "pump-1"})).await;
    let pump = device(&factory, "pump-1");
    let (step, why) = fails(&lab, &pump).await;
    assert_eq!(step, Some("resources"));
    assert!(why.contains("Resources.thing: ") && why.contains("FAIL"), "{why}");
    done(&admin, "DeleteThing", json!({"thingName": "pump-1"})).await;
    assert_eq!(fails(&lab, &pump).await.0, None);
    lab.stop().await;
}

#[tokio::test]
async fn a_ca_that_is_turned_off_provisions_nobody_who_waited() {
    let lab = Lab::start().await;
    let admin = lab.server.administrator();
    let role = prepare(&lab).await;
    let mut later = template(json!({}));
    later["Resources"]["policy"]["Properties"]["PolicyName"] = "later".into();
    let factory = Factory::new("factory");
    let ca = factory.register_with(&admin, by_body(&later, &role)).await;
    let pump = device(&factory, "pump-1");
    fails(&lab, &pump).await;
    let policy = json!({"policyName": "later", "policyDocument": EVERYTHING});
    done(&admin, "CreatePolicy", policy).await;
    for (off, on) in [("INACTIVE", "ACTIVE"), ("DISABLE", "ENABLE")] {
        let change = |value: &str| match value {
            "INACTIVE" | "ACTIVE" => json!({"certificateId": ca, "newStatus": value}),
            _ => json!({"certificateId": ca, "newAutoRegistrationStatus": value}),
        };
        done(&admin, "UpdateCACertificate", change(off)).await;
        for device in [&pump, &device(&factory, "pump-2")] {
            assert!(lab.dial(device).try_connect("pump").await.is_none());
        }
        assert_eq!(things(&admin).await, 0);
        done(&admin, "UpdateCACertificate", change(on)).await;
    }
    // A certificate that was revoked while it waited stays out.
    let revoked = json!({"certificateId": pump.id(), "newStatus": "REVOKED"});
    done(&admin, "UpdateCertificate", revoked).await;
    assert!(lab.dial(&pump).try_connect("pump").await.is_none());
    assert_eq!(things(&admin).await, 0);
    assert_eq!(described(&lab, &pump).await["status"], "REVOKED");
    let gone = named(&admin, "DescribeThing", json!({"thingName": "pump-1"})).await;
    assert_eq!(gone.status, 404);
    lab.stop().await;
}
