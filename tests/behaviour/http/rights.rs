//! What a device may do, asked over the API: GetEffectivePolicies and TestAuthorization.

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer};

use super::{Seen, named, testdata};

async fn must(client: &Client, name: &str, input: Value) -> Value {
    let reply = named(client, name, input).await;
    assert_eq!(reply.status, 200, "{name}: {reply}");
    reply.json()
}

fn statement(effect: &str, action: &str, resource: &str) -> String {
    let resource = format!("arn:aws:iot:us-east-1:123456789012:{resource}");
    json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": action, "Resource": resource}})
        .to_string()
}

/// The certificate of the thing `pump`, which is in the group `lower`, which is below `upper`. The certificate may connect
/// as its thing, `upper` publishes on `a/*`, `lower` denies `a/secret`; the policy `loose` is attached to nothing.
async fn furnish(admin: &Client) -> Value {
    for (name, document) in [
        (
            "connect",
            statement("Allow", "iot:Connect", "client/${iot:Connection.Thing.ThingName}"),
        ),
        ("publish", statement("Allow", "iot:Publish", "topic/a/*")),
        ("secret", statement("Deny", "iot:Publish", "topic/a/secret")),
        (
            "loose",
            statement("Allow", "iot:Receive", "topic/${iot:ClientId}/*"),
        ),
    ] {
        must(
            admin,
            "CreatePolicy",
            json!({"policyName": name, "policyDocument": document}),
        )
        .await;
    }
    let pem = testdata!("good-p256.pem");
    let principal = must(
        admin,
        "RegisterCertificateWithoutCA",
        json!({"certificatePem": pem}),
    )
    .await["certificateArn"]
        .clone();
    must(admin, "CreateThingGroup", json!({"thingGroupName": "upper"})).await;
    must(
        admin,
        "CreateThingGroup",
        json!({"thingGroupName": "lower", "parentGroupName": "upper"}),
    )
    .await;
    must(admin, "CreateThing", json!({"thingName": "pump"})).await;
    must(
        admin,
        "AttachThingPrincipal",
        json!({"thingName": "pump", "principal": principal}),
    )
    .await;
    must(
        admin,
        "AddThingToThingGroup",
        json!({"thingName": "pump", "thingGroupName": "lower"}),
    )
    .await;
    for (policy, target) in [
        ("connect", principal.clone()),
        (
            "publish",
            json!("arn:aws:iot:us-east-1:123456789012:thinggroup/upper"),
        ),
        (
            "secret",
            json!("arn:aws:iot:us-east-1:123456789012:thinggroup/lower"),
        ),
    ] {
        must(
            admin,
            "AttachPolicy",
            json!({"policyName": policy, "target": target}),
        )
        .await;
    }
    principal
}

#[tokio::test]
async fn effective_are_the_policies_of_a_principal_and_of_a_things_groups() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let principal = furnish(&admin).await;
        let effective = async |input: Value| {
            let found = must(&admin, "GetEffectivePolicies", input).await;
            let names = found["effectivePolicies"].as_array().unwrap().iter();
            let names: Vec<_> = names
                .map(|it| it["policyName"].as_str().unwrap().to_owned())
                .collect();
            names.join(" ")
        };
        assert_eq!(effective(json!({"principal": principal})).await, "connect");
        assert_eq!(effective(json!({"thingName": "pump"})).await, "publish secret");
        let both = json!({"principal": principal, "thingName": "pump"});
        assert_eq!(effective(both).await, "connect publish secret");
        let group = |name: &str| json!({"principal": format!("arn:aws:iot:us-east-1:123456789012:thinggroup/{name}")});
        assert_eq!(effective(group("upper")).await, "publish");
        assert_eq!(effective(group("lower")).await, "publish secret");
        seen.note(&named(&admin, "GetEffectivePolicies", json!({"principal": principal})).await);
        // The default version counts.
        let version = json!({"policyName": "connect", "policyDocument": statement("Allow", "iot:*", "*"), "setAsDefault": true});
        must(&admin, "CreatePolicyVersion", version).await;
        let found = must(&admin, "GetEffectivePolicies", json!({"principal": principal})).await;
        assert_eq!(
            found["effectivePolicies"][0]["policyDocument"],
            statement("Allow", "iot:*", "*")
        );
        for input in [
            json!({}),
            json!({"principal": "nobody"}),
            json!({"thingName": "none"}),
            json!({"principal": principal, "cognitoIdentityPoolId": "us-east-1:pool"}),
        ] {
            seen.note(&named(&admin, "GetEffectivePolicies", input).await);
        }
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "effectivePolicies": [
        {
          "policyName": "connect",
          "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/connect",
          "policyDocument": "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"arn:aws:iot:us-east-1:123456789012:client/${iot:Connection.Thing.ThingName}\"}}"
        }
      ]
    }
    400 InvalidRequestException
    {
      "message": "principal or thingName must be given."
    }
    400 InvalidRequestException
    {
      "message": "Principal nobody is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing none not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Cognito identity pool us-east-1:pool not found."
    }
    "#);
}

/// The decision over one action on resources, and which policies allow, deny, and say nothing.
fn told(result: &Value) -> String {
    let list = |place: &Value| {
        let names = place["policies"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|it| it["policyName"].as_str().unwrap()).collect();
        names.join(" ")
    };
    format!(
        "{} allowed [{}] denied [{}] silent [{}] missing {}",
        result["authDecision"].as_str().unwrap(),
        list(&result["allowed"]),
        list(&result["denied"]["explicitDeny"]),
        list(&result["denied"]["implicitDeny"]),
        result["missingContextValues"]
    )
}

#[tokio::test]
async fn a_test_tells_what_would_be_decided_and_by_what() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let principal = furnish(&admin).await;
        let arn = |resource: &str| format!("arn:aws:iot:us-east-1:123456789012:{resource}");
        let test = async |client_id: Option<&str>, action: &str, resources: &[&str], more: Value| {
            let resources: Vec<String> = resources.iter().map(|resource| arn(resource)).collect();
            let mut input = json!({"principal": principal,
                "authInfos": [{"actionType": action, "resources": resources}]});
            if let Some(client_id) = client_id {
                input["clientId"] = json!(client_id);
            }
            for (name, value) in more.as_object().into_iter().flatten() {
                input[name] = value.clone();
            }
            let found = must(&admin, "TestAuthorization", input).await;
            told(&found["authResults"][0])
        };
        let none = || json!({});
        for line in [
            test(Some("pump"), "CONNECT", &["client/pump"], none()).await,
            test(Some("valve"), "CONNECT", &["client/valve"], none()).await,
            test(None, "CONNECT", &["client/pump"], none()).await,
            test(Some("pump"), "PUBLISH", &["topic/a/b"], none()).await,
            test(Some("pump"), "PUBLISH", &["topic/a/secret"], none()).await,
            test(Some("pump"), "PUBLISH", &["topic/a/b", "topic/c"], none()).await,
            test(Some("pump"), "PUBLISH", &["topic/a/b", "topic/a/secret"], none()).await,
            test(Some("valve"), "PUBLISH", &["topic/a/b"], none()).await,
            test(Some("pump"), "SUBSCRIBE", &["topicfilter/a/#"], none()).await,
            test(
                Some("pump"),
                "RECEIVE",
                &["topic/pump/x"],
                json!({"policyNamesToAdd": ["loose"]}),
            )
            .await,
            test(
                None,
                "RECEIVE",
                &["topic/pump/x"],
                json!({"policyNamesToAdd": ["loose"]}),
            )
            .await,
            test(
                Some("pump"),
                "PUBLISH",
                &["topic/a/secret"],
                json!({"policyNamesToSkip": ["secret", "loose"]}),
            )
            .await,
        ] {
            seen.note(&line);
        }
        let input = json!({"principal": principal, "clientId": "pump", "authInfos": [
            {"actionType": "CONNECT", "resources": [arn("client/pump")]},
            {"actionType": "PUBLISH", "resources": [arn("topic/none")]}]});
        seen.note(&named(&admin, "TestAuthorization", input).await);
        let group = json!({"principal": arn("thinggroup/lower"),
            "authInfos": [{"actionType": "PUBLISH", "resources": [arn("topic/a/b")]}]});
        seen.note(&told(
            &must(&admin, "TestAuthorization", group).await["authResults"][0],
        ));
        // An inactive certificate's policies say the same.
        let id = principal.as_str().unwrap().rsplit('/').next().unwrap().to_owned();
        must(
            &admin,
            "UpdateCertificate",
            json!({"certificateId": id, "newStatus": "INACTIVE"}),
        )
        .await;
        seen.note(&test(Some("pump"), "CONNECT", &["client/pump"], none()).await);
        let infos = json!([{"actionType": "CONNECT", "resources": [arn("client/pump")]}]);
        for input in [
            json!({"authInfos": infos}),
            json!({"principal": principal, "authInfos": [{"resources": []}]}),
            json!({"principal": principal, "authInfos": infos, "policyNamesToAdd": ["none"]}),
            json!({"principal": principal, "authInfos": infos, "policyNamesToSkip": ["none"]}),
            json!({"principal": principal, "authInfos": infos, "cognitoIdentityPoolId": "us-east-1:pool"}),
            json!({"principal": "nobody", "authInfos": infos}),
        ] {
            seen.note(&named(&admin, "TestAuthorization", input).await);
        }
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    ALLOWED allowed [connect] denied [] silent [publish secret] missing []
    IMPLICIT_DENY allowed [] denied [] silent [connect] missing ["iot:Connection.Thing.ThingName"]
    IMPLICIT_DENY allowed [] denied [] silent [connect] missing ["iot:Connection.Thing.ThingName"]
    ALLOWED allowed [publish] denied [] silent [connect secret] missing []
    EXPLICIT_DENY allowed [publish] denied [secret] silent [connect] missing []
    IMPLICIT_DENY allowed [publish] denied [] silent [connect secret publish] missing []
    EXPLICIT_DENY allowed [publish] denied [secret] silent [connect secret] missing []
    IMPLICIT_DENY allowed [] denied [] silent [connect] missing []
    IMPLICIT_DENY allowed [] denied [] silent [connect publish secret] missing []
    ALLOWED allowed [loose] denied [] silent [connect publish secret] missing []
    IMPLICIT_DENY allowed [] denied [] silent [connect loose] missing ["iot:ClientId"]
    ALLOWED allowed [publish] denied [] silent [connect] missing []
    200
    {
      "authResults": [
        {
          "authInfo": {
            "actionType": "CONNECT",
            "resources": [
              "arn:aws:iot:us-east-1:123456789012:client/pump"
            ]
          },
          "allowed": {
            "policies": [
              {
                "policyName": "connect",
                "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/connect"
              }
            ]
          },
          "denied": {
            "implicitDeny": {
              "policies": [
                {
                  "policyName": "publish",
                  "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/publish"
                },
                {
                  "policyName": "secret",
                  "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/secret"
                }
              ]
            },
            "explicitDeny": {
              "policies": []
            }
          },
          "authDecision": "ALLOWED",
          "missingContextValues": []
        },
        {
          "authInfo": {
            "actionType": "PUBLISH",
            "resources": [
              "arn:aws:iot:us-east-1:123456789012:topic/none"
            ]
          },
          "allowed": {
            "policies": []
          },
          "denied": {
            "implicitDeny": {
              "policies": [
                {
                  "policyName": "connect",
                  "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/connect"
                },
                {
                  "policyName": "publish",
                  "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/publish"
                },
                {
                  "policyName": "secret",
                  "policyArn": "arn:aws:iot:us-east-1:123456789012:policy/secret"
                }
              ]
            },
            "explicitDeny": {
              "policies": []
            }
          },
          "authDecision": "IMPLICIT_DENY",
          "missingContextValues": []
        }
      ]
    }
    ALLOWED allowed [publish] denied [] silent [secret] missing []
    ALLOWED allowed [connect] denied [] silent [publish secret] missing []
    400 InvalidRequestException
    {
      "message": "principal must be given."
    }
    400 InvalidRequestException
    {
      "message": "authInfos[0].actionType must be given."
    }
    404 ResourceNotFoundException
    {
      "message": "Policy none not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Policy none not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Cognito identity pool us-east-1:pool not found."
    }
    400 InvalidRequestException
    {
      "message": "Principal nobody is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    "#);
}
