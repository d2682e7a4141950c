//! AWS IoT policies.

use serde_json::json;
use thingsmith_testkit::{Engine, TestServer};

use super::{Seen, named, testdata};

const DOCUMENT: &str =
    r#"{ "Version":"2012-10-17", "Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}] }"#;

#[tokio::test]
async fn a_policy_is_made_read_attached_and_deleted() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let create = || {
            named(
                &admin,
                "CreatePolicy",
                json!({"policyName": "Line@4", "policyDocument": DOCUMENT}),
            )
        };
        seen.note(&create().await);
        seen.note(&create().await);
        seen.note(&named(&admin, "GetPolicy", json!({"policyName": "Line@4"})).await);
        let pem = testdata!("good-p256.pem");
        let target = named(
            &admin,
            "RegisterCertificateWithoutCA",
            json!({"certificatePem": pem}),
        )
        .await
        .text("certificateArn");
        let with =
            |name: &'static str| named(&admin, name, json!({"policyName": "Line@4", "target": target}));
        let delete = || named(&admin, "DeletePolicy", json!({"policyName": "Line@4"}));
        assert_eq!(with("AttachPolicy").await.to_string(), "200\n{}");
        assert_eq!(with("AttachPolicy").await.status, 200);
        seen.note(
            &named(
                &admin,
                "ListAttachedPolicies",
                json!({"target": target, "recursive": true}),
            )
            .await,
        );
        seen.note(&delete().await);
        assert_eq!(with("DetachPolicy").await.status, 200);
        assert_eq!(with("DetachPolicy").await.status, 200);
        assert_eq!(delete().await.status, 200);
        seen.note(&delete().await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "policyName": "Line@4",
      "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/Line@4",
      "policyDocument": "{ \"Version\":\"2012-10-17\", \"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\"}] }",
      "policyVersionId": "1"
    }
    409 ResourceAlreadyExistsException
    {
      "message": "Policy cannot be created - name already exists (name=Line@4)",
      "resourceId": "Line@4",
      "resourceArn": "arn:aws:iot:us-east-1:123456789012:policy/Line@4"
    }
    200
    {
      "policyName": "Line@4",
      "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/Line@4",
      "policyDocument": "{ \"Version\":\"2012-10-17\", \"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\"}] }",
      "defaultVersionId": "1",
      "creationDate": 1795291200.123,
      "lastModifiedDate": 1795291200.123,
      "generationId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53"
    }
    200
    {
      "policies": [
        {
          "policyName": "Line@4",
          "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/Line@4"
        }
      ]
    }
    409 DeleteConflictException
    {
      "message": "The policy cannot be deleted as the policy is attached to one or more principals (name=Line@4)"
    }
    404 ResourceNotFoundException
    {
      "message": "Policy Line@4 not found."
    }
    "#);
}

#[tokio::test]
async fn what_is_no_policy_is_refused() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let create = |document: &str| {
        named(
            &admin,
            "CreatePolicy",
            json!({"policyName": "P", "policyDocument": document}),
        )
    };
    insta::assert_snapshot!(create("{").await, @r#"
    400 MalformedPolicyException
    {
      "message": "policyDocument: The document is not valid JSON (line 1, column 1)."
    }
    "#);
    insta::assert_snapshot!(create(r#"{"Version":"2012-10-17","Statement":[{"Effect":"Maybe"}]}"#).await, @r#"
    400 MalformedPolicyException
    {
      "message": "policyDocument: Statement[0].Effect is \"Maybe\", it must be Allow or Deny."
    }
    "#);
    let long = DOCUMENT.replace("iot:Connect", &"a".repeat(2048));
    assert_eq!(create(&long).await.exception(), "MalformedPolicyException");
}

#[tokio::test]
async fn a_target_takes_ten_policies() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let pem = testdata!("good-p256.pem");
        let target = named(
            &admin,
            "RegisterCertificateWithoutCA",
            json!({"certificatePem": pem}),
        )
        .await
        .text("certificateArn");
        for number in 0..=10 {
            let name = format!("P{number}");
            named(
                &admin,
                "CreatePolicy",
                json!({"policyName": name, "policyDocument": DOCUMENT}),
            )
            .await;
            let reply = named(
                &admin,
                "AttachPolicy",
                json!({"policyName": name, "target": target}),
            )
            .await;
            match number {
                10 => seen.note(&reply),
                _ => assert_eq!(reply.status, 200),
            }
        }
        let page = |marker: Option<String>| {
            let mut input = json!({"target": target, "pageSize": 6});
            if let Some(marker) = marker {
                input["marker"] = json!(marker);
            }
            named(&admin, "ListAttachedPolicies", input)
        };
        let first = page(None).await;
        assert_eq!(first.json()["policies"].as_array().unwrap().len(), 6);
        let second = page(Some(first.text("nextMarker"))).await.json();
        assert_eq!(second["policies"].as_array().unwrap().len(), 4);
        assert_eq!(second.get("nextMarker"), None);
        let listed = named(
            &admin,
            "ListPolicies",
            json!({"ascendingOrder": true, "pageSize": 2}),
        )
        .await;
        assert_eq!(listed.json()["policies"][1]["policyName"], "P1");
        let next = json!({"ascendingOrder": true, "marker": listed.text("nextMarker")});
        assert_eq!(
            named(&admin, "ListPolicies", next).await.json()["policies"][8]["policyName"],
            "P10"
        );
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    410 LimitExceededException
    {
      "message": "Target arn:aws:iot:us-east-1:123456789012:cert/89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6 has 10 policies attached, the most that it may have."
    }
    "#);
}

#[tokio::test]
async fn a_target_is_something_that_is_there() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    named(
        &admin,
        "CreatePolicy",
        json!({"policyName": "P", "policyDocument": DOCUMENT}),
    )
    .await;
    let attach = |target: &str| {
        named(
            &admin,
            "AttachPolicy",
            json!({"policyName": "P", "target": target}),
        )
    };
    insta::assert_snapshot!(attach("arn:aws:iot:us-east-1:123456789012:thinggroup/g").await, @r#"
    404 ResourceNotFoundException
    {
      "message": "Thing group g not found."
    }
    "#);
    insta::assert_snapshot!(attach("arn:aws:iot:us-east-1:123456789012:thing/t").await, @r#"
    400 InvalidRequestException
    {
      "message": "Principal arn:aws:iot:us-east-1:123456789012:thing/t is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    "#);
    insta::assert_snapshot!(attach("anything").await, @r#"
    400 InvalidRequestException
    {
      "message": "Principal anything is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    "#);
    insta::assert_snapshot!(named(&admin, "AttachPolicy", json!({"policyName": "none", "target": "anything"})).await, @r#"
    404 ResourceNotFoundException
    {
      "message": "Policy none not found."
    }
    "#);
}
