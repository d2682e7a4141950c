//! The versions of AWS IoT policies.

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer};

use super::{Seen, named, testdata};

fn document(action: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": "*"}})
        .to_string()
}

async fn must(client: &Client, name: &str, input: Value) -> Value {
    let reply = named(client, name, input).await;
    assert_eq!(reply.status, 200, "{name}: {reply}");
    reply.json()
}

#[tokio::test]
async fn versions_are_made_chosen_and_deleted() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let create = |action: &str, default: Option<bool>| {
            let mut input = json!({"policyName": "P", "policyDocument": document(action)});
            if let Some(default) = default {
                input["setAsDefault"] = json!(default);
            }
            named(&admin, "CreatePolicyVersion", input)
        };
        let with = |name: &'static str, id: &str| {
            named(&admin, name, json!({"policyName": "P", "policyVersionId": id}))
        };
        let list = || named(&admin, "ListPolicyVersions", json!({"policyName": "P"}));
        for reply in [
            create("iot:Connect", None).await,
            list().await,
            with("GetPolicyVersion", "1").await,
            with("SetDefaultPolicyVersion", "1").await,
            with("DeletePolicyVersion", "1").await,
        ] {
            assert_eq!(
                (reply.status, reply.exception()),
                (404, "ResourceNotFoundException")
            );
            assert_eq!(reply.message(), "Policy P not found.");
        }
        must(
            &admin,
            "CreatePolicy",
            json!({"policyName": "P", "policyDocument": document("iot:Connect")}),
        )
        .await;
        server.clock.advance(std::time::Duration::from_secs(10));
        seen.note(&create("iot:Publish", None).await);
        server.clock.advance(std::time::Duration::from_secs(10));
        seen.note(&create("iot:Receive", Some(true)).await);
        seen.note(&with("GetPolicyVersion", "1").await);
        seen.note(&with("GetPolicyVersion", "3").await);
        seen.note(&list().await);
        let policy = must(&admin, "GetPolicy", json!({"policyName": "P"})).await;
        assert_eq!(policy["defaultVersionId"], "3");
        assert_eq!(policy["policyDocument"], document("iot:Receive"));
        assert_eq!(with("SetDefaultPolicyVersion", "2").await.to_string(), "200\n{}");
        assert_eq!(with("SetDefaultPolicyVersion", "2").await.to_string(), "200\n{}");
        let policy = must(&admin, "GetPolicy", json!({"policyName": "P"})).await;
        assert_eq!(policy["policyDocument"], document("iot:Publish"));
        seen.note(&with("DeletePolicyVersion", "2").await);
        seen.note(&with("SetDefaultPolicyVersion", "9").await);
        for wrong in ["03", "0", "99999999999999999999"] {
            for name in [
                "GetPolicyVersion",
                "SetDefaultPolicyVersion",
                "DeletePolicyVersion",
            ] {
                let reply = with(name, wrong).await;
                assert_eq!(
                    reply.exception(),
                    "ResourceNotFoundException",
                    "{name} {wrong}: {reply}"
                );
            }
        }
        for _ in 0..2 {
            create("iot:Subscribe", Some(false)).await;
        }
        seen.note(&create("iot:Subscribe", None).await);
        seen.note(&named(&admin, "DeletePolicy", json!({"policyName": "P"})).await);
        // A number is never given twice.
        assert_eq!(with("DeletePolicyVersion", "5").await.to_string(), "200\n{}");
        assert_eq!(with("DeletePolicyVersion", "5").await.status, 404);
        assert_eq!(create("iot:Subscribe", None).await.json()["policyVersionId"], "6");
        seen.note(
            &named(
                &admin,
                "CreatePolicyVersion",
                json!({"policyName": "P", "policyDocument": "{}"}),
            )
            .await,
        );
        for version in ["1", "3", "4", "6"] {
            assert_eq!(with("DeletePolicyVersion", version).await.status, 200);
        }
        must(&admin, "DeletePolicy", json!({"policyName": "P"})).await;
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/P",
      "policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"iot:Publish\",\"Resource\":\"*\"}}",
      "policyVersionId": "2",
      "isDefaultVersion": false
    }
    200
    {
      "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/P",
      "policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"iot:Receive\",\"Resource\":\"*\"}}",
      "policyVersionId": "3",
      "isDefaultVersion": true
    }
    200
    {
      "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/P",
      "policyName": "P",
      "policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\"}}",
      "policyVersionId": "1",
      "isDefaultVersion": false,
      "creationDate": 1795291200.123,
      "lastModifiedDate": 1795291200.123,
      "generationId": "6a2fca0d-d9f1-45ed-8c63-d27bd66a4954"
    }
    200
    {
      "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/P",
      "policyName": "P",
      "policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"iot:Receive\",\"Resource\":\"*\"}}",
      "policyVersionId": "3",
      "isDefaultVersion": true,
      "creationDate": 1795291220.123,
      "lastModifiedDate": 1795291220.123,
      "generationId": "6a2fca0d-d9f1-45ed-8c63-d27bd66a4954"
    }
    200
    {
      "policyVersions": [
        {
          "versionId": "3",
          "isDefaultVersion": true,
          "createDate": 1795291220.123
        },
        {
          "versionId": "2",
          "isDefaultVersion": false,
          "createDate": 1795291210.123
        },
        {
          "versionId": "1",
          "isDefaultVersion": false,
          "createDate": 1795291200.123
        }
      ]
    }
    409 DeleteConflictException
    {
      "message": "Cannot delete the default version of a policy (name=P, version=2)"
    }
    404 ResourceNotFoundException
    {
      "message": "Policy version 9 of policy P not found."
    }
    409 VersionsLimitExceededException
    {
      "message": "The policy P already has the maximum number of versions (5)"
    }
    409 DeleteConflictException
    {
      "message": "Cannot delete the policy because it has one or more policy versions attached to it (name=P)"
    }
    400 MalformedPolicyException
    {
      "message": "policyDocument: Statement is missing."
    }
    "#);
}

#[tokio::test]
async fn targets_are_certificates_and_groups() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for name in ["P", "Q", "R"] {
            must(
                &admin,
                "CreatePolicy",
                json!({"policyName": name, "policyDocument": document("iot:Connect")}),
            )
            .await;
        }
        let certificate = must(
            &admin,
            "RegisterCertificateWithoutCA",
            json!({"certificatePem": testdata!("good-p256.pem")}),
        )
        .await["certificateArn"]
            .clone();
        let upper = must(&admin, "CreateThingGroup", json!({"thingGroupName": "upper"})).await;
        let upper = upper["thingGroupArn"].clone();
        let input = json!({"thingGroupName": "lower", "parentGroupName": "upper"});
        let lower = must(&admin, "CreateThingGroup", input).await["thingGroupArn"].clone();
        must(&admin, "CreateThing", json!({"thingName": "t"})).await;
        must(
            &admin,
            "AttachThingPrincipal",
            json!({"thingName": "t", "principal": certificate}),
        )
        .await;
        must(
            &admin,
            "AddThingToThingGroup",
            json!({"thingName": "t", "thingGroupName": "lower"}),
        )
        .await;
        let attach = |policy: &str, target: &Value| {
            named(
                &admin,
                "AttachPolicy",
                json!({"policyName": policy, "target": target}),
            )
        };
        for (policy, target) in [
            ("P", &certificate),
            ("P", &upper),
            ("Q", &upper),
            ("Q", &lower),
            ("Q", &lower),
        ] {
            assert_eq!(attach(policy, target).await.to_string(), "200\n{}");
        }
        seen.note(&attach("R", &upper).await);
        seen.note(&named(&admin, "ListTargetsForPolicy", json!({"policyName": "P"})).await);
        let first = must(
            &admin,
            "ListTargetsForPolicy",
            json!({"policyName": "Q", "pageSize": 1}),
        )
        .await;
        assert_eq!(first["targets"], json!([upper]));
        let next = json!({"policyName": "Q", "marker": first["nextMarker"]});
        assert_eq!(
            must(&admin, "ListTargetsForPolicy", next).await,
            json!({"targets": [lower]})
        );
        let attached = async |target: &Value, recursive: bool| {
            let listed = must(
                &admin,
                "ListAttachedPolicies",
                json!({"target": target, "recursive": recursive}),
            )
            .await;
            let names = listed["policies"].as_array().unwrap().iter();
            names
                .map(|policy| policy["policyName"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(attached(&certificate, false).await, ["P"]);
        assert_eq!(attached(&certificate, true).await, ["P", "Q"]);
        assert_eq!(attached(&lower, false).await, ["Q"]);
        assert_eq!(attached(&lower, true).await, ["P", "Q"]);
        assert_eq!(attached(&upper, true).await, ["P", "Q"]);
        seen.note(&named(&admin, "DeletePolicy", json!({"policyName": "Q"})).await);
        let detach = json!({"policyName": "Q", "target": lower});
        assert_eq!(named(&admin, "DetachPolicy", detach).await.status, 200);
        assert_eq!(attached(&lower, false).await, [""; 0]);
        // A group that is deleted is a target no more.
        must(
            &admin,
            "RemoveThingFromThingGroup",
            json!({"thingName": "t", "thingGroupName": "lower"}),
        )
        .await;
        for group in ["lower", "upper"] {
            must(&admin, "DeleteThingGroup", json!({"thingGroupName": group})).await;
        }
        must(&admin, "DeletePolicy", json!({"policyName": "Q"})).await;
        assert_eq!(
            must(&admin, "ListTargetsForPolicy", json!({"policyName": "P"})).await,
            json!({"targets": [certificate]})
        );
        seen.note(&named(&admin, "ListTargetsForPolicy", json!({"policyName": "none"})).await);
        seen.note(&attach("P", &upper).await);
        seen.note(&named(&admin, "ListAttachedPolicies", json!({"target": upper})).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    410 LimitExceededException
    {
      "message": "Target arn:aws:iot:us-east-1:123456789012:thinggroup/upper has 2 policies attached, the most that it may have."
    }
    200
    {
      "targets": [
        "arn:aws:iot:us-east-1:123456789012:cert/89d475f1bffe7dc2f409a6114826eb63946dab4d76f5c46e6d99f88df10bdee6",
        "arn:aws:iot:us-east-1:123456789012:thinggroup/upper"
      ]
    }
    409 DeleteConflictException
    {
      "message": "The policy cannot be deleted as the policy is attached to one or more principals (name=Q)"
    }
    404 ResourceNotFoundException
    {
      "message": "Policy none not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing group upper not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing group upper not found."
    }
    "#);
}

#[tokio::test]
async fn the_older_operations_do_the_same() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let mut principals = Vec::new();
        for pem in [testdata!("good-p256.pem"), testdata!("good-p384.pem")] {
            let made = must(
                &admin,
                "RegisterCertificateWithoutCA",
                json!({"certificatePem": pem}),
            )
            .await;
            principals.push(made["certificateArn"].clone());
        }
        let principal = principals[0].clone();
        for number in 0..=10 {
            let name = format!("P{number}");
            must(
                &admin,
                "CreatePolicy",
                json!({"policyName": name, "policyDocument": document("iot:Connect")}),
            )
            .await;
            let reply = named(
                &admin,
                "AttachPrincipalPolicy",
                json!({"policyName": name, "principal": principal}),
            )
            .await;
            match number {
                10 => assert_eq!((reply.status, reply.exception()), (410, "LimitExceededException")),
                _ => assert_eq!(reply.to_string(), "200\n{}"),
            }
        }
        must(
            &admin,
            "AttachPrincipalPolicy",
            json!({"policyName": "P0", "principal": principals[1]}),
        )
        .await;
        let policies = async |input: Value| {
            let listed = must(&admin, "ListPrincipalPolicies", input).await;
            let names = listed["policies"].as_array().unwrap().iter();
            let names: Vec<_> = names
                .map(|it| it["policyName"].as_str().unwrap().to_owned())
                .collect();
            (names.join(" "), listed.get("nextMarker").cloned())
        };
        let (names, marker) = policies(json!({"principal": principal, "pageSize": 2})).await;
        assert_eq!(names, "P9 P8");
        let (names, _) = policies(json!({"principal": principal, "marker": marker})).await;
        assert_eq!(names, "P7 P6 P5 P4 P3 P2 P1 P0");
        let (names, marker) =
            policies(json!({"principal": principal, "pageSize": 8, "ascendingOrder": true})).await;
        assert_eq!(names, "P0 P1 P2 P3 P4 P5 P6 P7");
        let (names, _) =
            policies(json!({"principal": principal, "marker": marker, "ascendingOrder": true})).await;
        assert_eq!(names, "P8 P9");
        for (ascending, order) in [(true, [0, 1]), (false, [1, 0])] {
            let input = json!({"policyName": "P0", "ascendingOrder": ascending, "pageSize": 1});
            let first = must(&admin, "ListPolicyPrincipals", input).await;
            assert_eq!(first["principals"], json!([principals[order[0]]]));
            let input =
                json!({"policyName": "P0", "ascendingOrder": ascending, "marker": first["nextMarker"]});
            let second = must(&admin, "ListPolicyPrincipals", input).await;
            assert_eq!(second, json!({"principals": [principals[order[1]]]}));
        }
        let with = |name: &'static str, policy: &str, principal: &Value| {
            named(
                &admin,
                name,
                json!({"policyName": policy, "principal": principal}),
            )
        };
        assert_eq!(
            with("DetachPrincipalPolicy", "P0", &principal).await.to_string(),
            "200\n{}"
        );
        assert_eq!(
            with("DetachPrincipalPolicy", "P0", &principal).await.to_string(),
            "200\n{}"
        );
        let absent = json!(format!(
            "arn:aws:iot:us-east-1:123456789012:cert/{}",
            "a".repeat(64)
        ));
        for name in ["AttachPrincipalPolicy", "DetachPrincipalPolicy"] {
            seen.note(&with(name, "none", &principal).await);
            assert_eq!(with(name, "P0", &absent).await.status, 404);
            seen.note(&with(name, "P0", &json!("nobody")).await);
        }
        assert_eq!(
            named(&admin, "ListPrincipalPolicies", json!({"principal": absent}))
                .await
                .status,
            404
        );
        assert_eq!(
            named(&admin, "ListPolicyPrincipals", json!({"policyName": "none"}))
                .await
                .status,
            404
        );
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    404 ResourceNotFoundException
    {
      "message": "Policy none not found."
    }
    400 InvalidRequestException
    {
      "message": "Principal nobody is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    404 ResourceNotFoundException
    {
      "message": "Policy none not found."
    }
    400 InvalidRequestException
    {
      "message": "Principal nobody is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    "#);
}
