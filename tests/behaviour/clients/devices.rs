//! The whole life of a device in the registry with boto3, on both engines: its thing, its certificate and its policy.

use serde_json::json;

use super::aws_cli::arn;
use super::calls::{Boto3, texts};
use super::device::{self, Kind};
use super::on_postgresql;
use crate::server::Home;

#[test]
fn the_life_of_a_device() {
    life(&Home::sqlite());
}

#[test]
fn the_life_of_a_device_on_postgresql() {
    on_postgresql(life);
}

fn life(home: &Home) {
    let server = home.start();
    let Some(mut aws) = Boto3::new(&server) else {
        return;
    };
    things(&mut aws);
    let key = device::key(home.scratch(), "pump-1", Kind::P256);
    let request = device::request(&key, "pump-1");
    let made = aws.call(
        "create_certificate_from_csr",
        json!({"certificateSigningRequest": request, "setAsActive": true}),
    );
    let (id, certificate) = (
        made["certificateId"].as_str().unwrap(),
        made["certificateArn"].as_str().unwrap(),
    );
    assert_eq!(certificate, arn(&format!("cert/{id}")));
    let to_thing = json!({"thingName": "pump-1", "principal": certificate});
    aws.call("attach_thing_principal", to_thing.clone());
    policies(&mut aws, certificate);

    // What is in use stays.
    let it = json!({"certificateId": id});
    let said = aws.refused("delete_certificate", it.clone());
    assert!(said.starts_with("CertificateStateException: "), "{said}");
    aws.call(
        "update_certificate",
        json!({"certificateId": id, "newStatus": "INACTIVE"}),
    );
    let shown = aws.call("describe_certificate", it.clone());
    assert_eq!(shown["certificateDescription"]["status"], "INACTIVE");
    let said = aws.refused("delete_certificate", it.clone());
    assert!(said.starts_with("DeleteConflictException: "), "{said}");
    let thing = json!({"thingName": "pump-1"});
    let said = aws.refused("delete_thing", thing.clone());
    assert!(said.starts_with("InvalidRequestException: "), "{said}");
    aws.call("detach_thing_principal", to_thing);
    aws.call("delete_certificate", it.clone());
    let said = aws.refused("describe_certificate", it);
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
    aws.call("delete_thing", thing.clone());
    let said = aws.refused("describe_thing", thing);
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
}

fn things(aws: &mut Boto3) {
    let red = json!({"thingName": "pump-1", "attributePayload": {"attributes": {"colour": "red"}}});
    let made = aws.call("create_thing", red.clone());
    assert_eq!(aws.call("create_thing", red), made);
    let said = aws.refused("create_thing", json!({"thingName": "pump-1"}));
    assert!(said.starts_with("ResourceAlreadyExistsException: "), "{said}");
    let update = json!({
        "thingName": "pump-1",
        "expectedVersion": 1,
        "attributePayload": {"attributes": {"floor": "2"}, "merge": true},
    });
    aws.call("update_thing", update.clone());
    let said = aws.refused("update_thing", update);
    assert!(said.starts_with("VersionConflictException: "), "{said}");
    let found = aws.call("describe_thing", json!({"thingName": "pump-1"}));
    assert_eq!(
        (&found["attributes"], &found["version"]),
        (&json!({"colour": "red", "floor": "2"}), &json!(2))
    );
    aws.call("create_thing", json!({"thingName": "pump-2"}));
    let all = aws.list("list_things", "things", 1, json!({}));
    assert_eq!(texts(&all, "thingName"), ["pump-1", "pump-2"]);
}

fn policies(aws: &mut Boto3, certificate: &str) {
    let statement = json!({"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
    let new = json!({"policyName": "may-connect", "policyDocument": document});
    let policy = json!({"policyName": "may-connect"});
    aws.call("create_policy", new.clone());
    let said = aws.refused("create_policy", new);
    assert!(said.starts_with("ResourceAlreadyExistsException: "), "{said}");
    let found = aws.call("get_policy", policy.clone());
    assert_eq!(found["policyDocument"], document);
    let pair = json!({"policyName": "may-connect", "target": certificate});
    aws.call("attach_policy", pair.clone());
    let target = json!({"target": certificate});
    let attached = aws.list("list_attached_policies", "policies", 1, target);
    assert_eq!(texts(&attached, "policyName"), ["may-connect"]);
    let said = aws.refused("delete_policy", policy.clone());
    assert!(said.starts_with("DeleteConflictException: "), "{said}");
    aws.call("detach_policy", pair);
    aws.call("delete_policy", policy.clone());
    let said = aws.refused("get_policy", policy);
    assert!(said.starts_with("ResourceNotFoundException: "), "{said}");
}
