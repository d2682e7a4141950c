//! What policies say to CONNECT.

use rcgen::KeyPair;
use serde_json::{Value, json};
use thingsmith_mqtt::Connect;
use thingsmith_ports::{Batch, Statement};

use super::lab::{EVERYTHING, Lab, allow, params, policy};
use super::wire::connect;

/// Whether a device with this policy may connect under each of these client ids.
async fn may(lab: &Lab, document: &str, client_ids: &[&str]) -> Vec<bool> {
    let device = lab.device(document).await;
    let mut answers = Vec::new();
    for client_id in client_ids {
        answers.push(lab.dial(&device).try_connect(client_id).await.is_some());
    }
    answers
}

#[tokio::test]
async fn a_client_id_must_be_allowed() {
    let lab = Lab::start().await;
    let may = async |resource: &str, client_id: &str| {
        may(&lab, &allow(&[("Connect", resource)]), &[client_id]).await[0]
    };
    assert!(may("client/pump", "pump").await);
    assert!(!may("client/pump", "Pump").await);
    assert!(!may("client/pump", "pump2").await);
    assert!(may("client/pump-*", "pump-7").await);
    assert!(!may("client/pump-*", "pump").await);
    assert!(may("client/pump-?", "pump-7").await);
    assert!(!may("client/pump-?", "pump-77").await);
    assert!(!may("topic/pump", "pump").await);
    assert!(may("client/${iot:ClientId}", "anything").await);
    // A client id with a star is no pattern.
    assert!(!may("client/pump", "*").await);
}

#[tokio::test]
async fn only_its_own_account_and_region_and_action_count() {
    let lab = Lab::start().await;
    let statement = |action: &str, resource: &str| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}})
            .to_string()
    };
    let own = "arn:aws:iot:us-east-1:123456789012:client/pump";
    for (action, resource, expected) in [
        ("iot:Connect", own, true),
        ("iot:*", own, true),
        ("iot:Publish", own, false),
        (
            "iot:Connect",
            "arn:aws:iot:eu-west-1:123456789012:client/pump",
            false,
        ),
        (
            "iot:Connect",
            "arn:aws:iot:us-east-1:210987654321:client/pump",
            false,
        ),
        ("iot:Connect", "*", true),
    ] {
        let answers = may(&lab, &statement(action, resource), &["pump"]).await;
        assert_eq!(answers, [expected], "{action} {resource}");
    }
}

#[tokio::test]
async fn without_a_policy_nobody_connects_and_a_deny_beats_every_allow() {
    let lab = Lab::start().await;
    let device = lab.stranger("device").await;
    assert!(lab.dial(&device).try_connect("pump").await.is_none());
    lab.attach(&device, EVERYTHING).await;
    assert!(lab.dial(&device).try_connect("pump").await.is_some());
    let deny = policy(&[("Deny", "Connect", "client/pump", Value::Null)]);
    let deny = lab.attach(&device, &deny).await;
    assert!(lab.dial(&device).try_connect("pump").await.is_none());
    assert!(lab.dial(&device).try_connect("valve").await.is_some());
    lab.detach(&device, &deny).await;
    assert!(lab.dial(&device).try_connect("pump").await.is_some());
}

#[tokio::test]
async fn a_document_that_is_missing_lets_nobody_in() {
    let lab = Lab::start().await;
    let device = lab.device(EVERYTHING).await;
    let deny = policy(&[("Deny", "Connect", "client/*", Value::Null)]);
    let deny = lab.attach(&device, &deny).await;
    let mut batch = Batch::new();
    let statement =
        "DELETE FROM policy_versions WHERE policy = (SELECT number FROM policies WHERE name = $1)";
    batch.guard(Statement::new(statement, [deny.as_str().into()]), 1);
    lab.server.deeds.store().write(batch).await.unwrap();
    assert!(lab.dial(&device).try_connect("pump").await.is_none());
    lab.detach(&device, &deny).await;
    assert!(lab.dial(&device).try_connect("pump").await.is_some());
}

#[tokio::test]
async fn a_thing_is_the_client_of_its_name_with_its_certificate() {
    let lab = Lab::start().await;
    lab.thing("pump", &[("hall", "north")]).await;
    lab.thing("valve", &[("hall", "south")]).await;
    let by_name = allow(&[("Connect", "client/${iot:Connection.Thing.ThingName}")]);
    let is = |attached: &str| {
        policy(&[(
            "Allow",
            "Connect",
            "client/*",
            json!({"Bool": {"iot:Connection.Thing.IsAttached": [attached]}}),
        )])
    };
    let by_attribute = policy(&[(
        "Allow",
        "Connect",
        "client/*",
        json!({"StringEquals": {"iot:Connection.Thing.Attributes[hall]": "north"}}),
    )]);
    let ids = ["pump", "valve", "stranger"];
    for (document, attached, detached) in [
        (&by_name, [true, false, false], [false; 3]),
        (&is("true"), [true, false, false], [false; 3]),
        (&is("false"), [false, true, true], [true; 3]),
        (&by_attribute, [true, false, false], [false; 3]),
    ] {
        assert_eq!(may(&lab, document, &ids).await, detached, "{document}");
        let device = lab.device(document).await;
        lab.attach_to_thing(&device, "pump").await;
        for (client_id, expected) in ids.into_iter().zip(attached) {
            let answer = lab.dial(&device).try_connect(client_id).await.is_some();
            assert_eq!(answer, expected, "{client_id} {document}");
        }
    }
}

#[tokio::test]
async fn a_certificate_says_what_stands_in_it() {
    let lab = Lab::start().await;
    let document = allow(&[("Connect", "client/${iot:Certificate.Subject.CommonName}")]);
    for (common_name, client_id, expected) in [
        ("pump", "pump", true),
        ("pump", "valve", false),
        // A value with a wildcard is not put in.
        ("*", "*", false),
        ("*", "valve", false),
        ("pum?", "pump", false),
    ] {
        let device = lab.stranger(common_name).await;
        lab.attach(&device, &document).await;
        let answer = lab.dial(&device).try_connect(client_id).await.is_some();
        assert_eq!(answer, expected, "{common_name} {client_id}");
    }

    let mut params = params("pump");
    params
        .distinguished_name
        .push(rcgen::DnType::OrganizationName, "Acme");
    params.serial_number = Some(rcgen::SerialNumber::from(vec![0x12, 0x34]));
    let device = lab
        .register(&lab.realm, params, &KeyPair::generate().unwrap())
        .await;
    let whole = "client/${iot:Certificate.Subject.Organization}-${iot:CertificateId}";
    lab.attach(&device, &allow(&[("Connect", whole)])).await;
    let id = device.certificate.id;
    assert!(
        lab.dial(&device)
            .try_connect(&format!("Acme-{id}"))
            .await
            .is_some()
    );
    assert!(
        lab.dial(&device)
            .try_connect(&format!("Acne-{id}"))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn a_condition_may_ask_for_the_address_and_the_server_name() {
    let lab = Lab::start().await;
    let with = |condition: Value| policy(&[("Allow", "Connect", "client/*", condition)]);
    for (condition, expected) in [
        (json!({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}), true),
        (json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), false),
        (json!({"NotIpAddress": {"aws:SourceIp": "127.0.0.1/32"}}), false),
        (json!({"NotIpAddress": {"aws:SourceIp": "127.0.0.2/32"}}), true),
        (json!({"StringEquals": {"iot:DomainName": "localhost"}}), true),
        (json!({"StringEquals": {"iot:DomainName": "example.com"}}), false),
    ] {
        assert_eq!(
            may(&lab, &with(condition.clone()), &["pump"]).await,
            [expected],
            "{condition}"
        );
    }
    let device = lab
        .device(&with(json!({"StringEquals": {"iot:DomainName": "localhost"}})))
        .await;
    assert!(
        lab.dial(&device)
            .no_server_name()
            .try_connect("pump")
            .await
            .is_none()
    );
}

#[tokio::test]
async fn a_condition_may_ask_for_a_persistent_session() {
    let lab = Lab::start().await;
    let clean = || connect("pump");
    let persistent = || Connect {
        clean_session: false,
        ..connect("pump")
    };
    let allowing = |features: Value| {
        let condition = json!({"ForAllValues:StringEquals": {"iot:ConnectAttributes": features}});
        policy(&[("Allow", "Connect", "client/pump", condition)])
    };
    let required = policy(&[(
        "Allow",
        "Connect",
        "client/pump",
        json!({"ForAnyValue:StringEquals": {"iot:ConnectAttributes": ["PersistentConnect"]}}),
    )]);
    for (document, expected) in [
        (allowing(json!(["PersistentConnect"])), [true, true]),
        (allowing(json!(["LastWill"])), [true, false]),
        (required, [false, true]),
        (EVERYTHING.to_owned(), [true, true]),
    ] {
        let device = lab.device(&document).await;
        for (connect, expected) in [clean(), persistent()].into_iter().zip(expected) {
            let kept = connect.clean_session;
            let answer = lab.dial(&device).try_connect_as(connect).await.is_some();
            assert_eq!(answer, expected, "clean session: {kept}, {document}");
        }
    }
}
