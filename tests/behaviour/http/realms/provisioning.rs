//! Provisioning templates, and registrations by a template.

use serde_json::{Value, json};

use super::Side;
use crate::http::provisioning_templates::jitp;
use crate::http::query::{done, iam};

async fn make_role(side: &Side) -> String {
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",
        "Principal":{"Service":"iot.amazonaws.com"}}}"#;
    let new = json!({"RoleName": "provisioning", "AssumeRolePolicyDocument": trust});
    let reply = iam(&side.client, "CreateRole", new).await;
    // The role of an account is the same in each of its regions.
    if reply.status != 409 {
        done(reply);
    }
    format!("arn:aws:iam::{}:role/provisioning", side.account)
}

fn template(more: Value) -> Value {
    let mut input = json!({"templateName": "theirs"});
    input
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    input
}

/// Makes a provisioning template with two versions.
pub(super) async fn furnish(side: &mut Side) {
    let role = make_role(side).await;
    for (operation, more) in [
        (
            "CreateProvisioningTemplate",
            json!({"templateBody": jitp(), "provisioningRoleArn": role, "type": "JITP"}),
        ),
        (
            "CreateProvisioningTemplateVersion",
            json!({"templateBody": jitp()}),
        ),
    ] {
        side.expect(operation, template(more), 200).await;
    }
}

/// Everything of it that `side` has, as it reads it itself.
pub(super) async fn inventory(side: &mut Side) -> Vec<String> {
    let mut replies = Vec::new();
    for (operation, input) in [
        ("DescribeProvisioningTemplate", template(json!({}))),
        ("ListProvisioningTemplates", json!({})),
        ("ListProvisioningTemplateVersions", template(json!({}))),
        (
            "DescribeProvisioningTemplateVersion",
            template(json!({"versionId": 2})),
        ),
    ] {
        replies.push(side.expect(operation, input, 200).await.to_string());
    }
    replies
}

/// Tries every operation on what `theirs` has; `id` is their certificate.
pub(super) async fn trespass(ours: &mut Side, theirs: &Side, id: &str) {
    for (operation, more) in [
        ("DescribeProvisioningTemplate", json!({})),
        ("UpdateProvisioningTemplate", json!({"enabled": true})),
        (
            "CreateProvisioningTemplateVersion",
            json!({"templateBody": jitp()}),
        ),
        ("DescribeProvisioningTemplateVersion", json!({"versionId": 2})),
        ("DeleteProvisioningTemplateVersion", json!({"versionId": 2})),
        ("ListProvisioningTemplateVersions", json!({})),
        ("DeleteProvisioningTemplate", json!({})),
    ] {
        ours.expect(operation, template(more), 404).await;
    }
    let listed = ours.expect("ListProvisioningTemplates", json!({}), 200).await;
    assert_eq!(listed.json(), json!({"templates": []}));
    let resource = json!({"resourceArn": theirs.arn("provisioningtemplate/theirs")});
    ours.expect("ListTagsForResource", resource, 404).await;
    // Their certificate is none of ours.
    let body = json!({"Resources": {
        "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": "theirs"}},
        "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {"CertificateId": id}},
    }});
    let reply = ours
        .try_it("RegisterThing", json!({"templateBody": body.to_string()}))
        .await;
    assert_eq!(
        reply.exception(),
        "ResourceRegistrationFailureException",
        "{reply}"
    );
    if ours.account != theirs.account {
        let foreign = format!("arn:aws:iam::{}:role/provisioning", theirs.account);
        let new = template(json!({"templateBody": jitp(), "provisioningRoleArn": foreign}));
        ours.expect("CreateProvisioningTemplate", new, 400).await;
    }
    let role = make_role(ours).await;
    let new = template(json!({"templateBody": jitp(), "provisioningRoleArn": role}));
    ours.expect("CreateProvisioningTemplate", new, 200).await;
}
