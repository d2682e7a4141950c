//! Tags.

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, Reply, TestServer};

use super::{Seen, named};

const POLICY: &str =
    r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iot:Connect","Resource":"*"}]}"#;

fn arn(resource: &str) -> String {
    format!("arn:aws:iot:us-east-1:123456789012:{resource}")
}

async fn tags(admin: &Client, resource: &str) -> Value {
    let reply = named(
        admin,
        "ListTagsForResource",
        json!({"resourceArn": arn(resource)}),
    )
    .await;
    assert_eq!(reply.status, 200, "{reply}");
    reply.json()["tags"].clone()
}

async fn tag(admin: &Client, resource: &str, tags: Value) -> Reply {
    named(
        admin,
        "TagResource",
        json!({"resourceArn": arn(resource), "tags": tags}),
    )
    .await
}

/// Makes one of each kind of resource with these tags.
async fn make(admin: &Client, tags: &Value) -> [Reply; 3] {
    [
        named(
            admin,
            "CreateThingType",
            json!({"thingTypeName": "x", "tags": tags}),
        )
        .await,
        named(
            admin,
            "CreateBillingGroup",
            json!({"billingGroupName": "x", "tags": tags}),
        )
        .await,
        named(
            admin,
            "CreatePolicy",
            json!({"policyName": "x", "policyDocument": POLICY, "tags": tags}),
        )
        .await,
    ]
}

const RESOURCES: [&str; 3] = ["thingtype/x", "billinggroup/x", "policy/x"];

#[tokio::test]
async fn every_kind_of_resource_is_made_with_tags_and_loses_them_with_its_end() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let given = json!([{"Key": "team", "Value": "a"}, {"Key": "Team", "Value": ""}, {"Key": "bare"}]);
        let stored = json!([{"Key": "Team", "Value": ""}, {"Key": "bare", "Value": ""}, {"Key": "team", "Value": "a"}]);
        for reply in make(&admin, &given).await {
            assert_eq!(reply.status, 200, "{reply}");
        }
        // The same once more is the same; other tags are other settings.
        let [again, group, _] = make(&admin, &given).await;
        assert_eq!((again.status, group.status), (200, 200));
        for reply in make(&admin, &json!([{"Key": "team", "Value": "b"}])).await {
            assert_eq!(
                (reply.status, reply.exception()),
                (409, "ResourceAlreadyExistsException"),
                "{reply}"
            );
        }
        for resource in RESOURCES {
            assert_eq!(tags(&admin, resource).await, stored, "{resource}");
            let change = json!([{"Key": "team", "Value": "c"}, {"Key": "é x", "Value": "ü"}]);
            assert_eq!(tag(&admin, resource, change).await.status, 200, "{resource}");
            let untag = json!({"resourceArn": arn(resource), "tagKeys": ["bare", "Team", "absent"]});
            assert_eq!(named(&admin, "UntagResource", untag).await.status, 200);
            let left = json!([{"Key": "team", "Value": "c"}, {"Key": "é x", "Value": "ü"}]);
            assert_eq!(tags(&admin, resource).await, left, "{resource}");
        }
        named(&admin, "DeprecateThingType", json!({"thingTypeName": "x"})).await;
        server.clock.advance(std::time::Duration::from_secs(300));
        for (operation, input) in [
            ("DeleteThingType", json!({"thingTypeName": "x"})),
            ("DeleteBillingGroup", json!({"billingGroupName": "x"})),
            ("DeletePolicy", json!({"policyName": "x"})),
        ] {
            assert_eq!(named(&admin, operation, input).await.status, 200, "{operation}");
        }
        for resource in RESOURCES {
            for (operation, more) in [
                ("ListTagsForResource", json!({})),
                ("TagResource", json!({"tags": [{"Key": "a"}]})),
                ("UntagResource", json!({"tagKeys": ["a"]})),
            ] {
                let mut input = json!({"resourceArn": arn(resource)});
                input
                    .as_object_mut()
                    .unwrap()
                    .extend(more.as_object().unwrap().clone());
                let reply = named(&admin, operation, input).await;
                assert_eq!(
                    (reply.status, reply.exception()),
                    (404, "ResourceNotFoundException"),
                    "{operation} {resource}: {reply}"
                );
            }
        }
        // What comes under the name has none of the old one's.
        for reply in make(&admin, &json!([])).await {
            assert_eq!(reply.status, 200, "{reply}");
        }
        for resource in RESOURCES {
            assert_eq!(tags(&admin, resource).await, json!([]), "{resource}");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn a_resource_has_fifty_tags_at_most() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let some = |numbers: std::ops::Range<usize>| -> Value {
            numbers
                .map(|number| json!({"Key": format!("k{number:02}"), "Value": "v"}))
                .collect()
        };
        for reply in make(&admin, &some(0..51)).await {
            assert_eq!(
                (reply.status, reply.exception()),
                (400, "InvalidRequestException"),
                "{reply}"
            );
        }
        for reply in make(&admin, &some(0..50)).await {
            assert_eq!(reply.status, 200, "{reply}");
        }
        for resource in RESOURCES {
            let reply = tag(&admin, resource, some(50..51)).await;
            assert_eq!(
                (reply.status, reply.exception()),
                (410, "LimitExceededException"),
                "{reply}"
            );
            // Nothing of a request that is refused is done.
            let reply = tag(
                &admin,
                resource,
                json!([{"Key": "k00", "Value": "new"}, {"Key": "more"}]),
            )
            .await;
            assert_eq!(reply.status, 410, "{reply}");
            assert_eq!(tags(&admin, resource).await, some(0..50));
            let reply = tag(&admin, resource, json!([{"Key": "k00", "Value": "new"}])).await;
            assert_eq!(reply.status, 200, "{reply}");
            assert_eq!(tags(&admin, resource).await[0]["Value"], "new");
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn wrong_tags_and_resources_are_refused() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        make(&admin, &json!([])).await;
        for wrong in [
            json!([{"Key": "aws:a", "Value": "b"}]),
            json!([{"Key": "AWS:a", "Value": "b"}]),
            json!([{"Key": "a", "Value": "b"}, {"Key": "a", "Value": "b"}]),
            json!([{"Key": "a", "Value": "v".repeat(257)}]),
            json!([{"Key": "a!"}]),
            json!([{"Value": "v"}]),
        ] {
            let reply = tag(&admin, "policy/x", wrong.clone()).await;
            seen.note(&reply);
            for (operation, name) in [
                ("CreateThingType", "thingTypeName"),
                ("CreateBillingGroup", "billingGroupName"),
            ] {
                let other = named(&admin, operation, json!({name: "new", "tags": wrong})).await;
                assert_eq!(other.to_string(), reply.to_string());
            }
        }
        let untag = json!({"resourceArn": arn("policy/x"), "tagKeys": ["aws:a"]});
        seen.note(&named(&admin, "UntagResource", untag).await);
        named(&admin, "CreateThing", json!({"thingName": "x"})).await;
        for resource in [
            arn("thing/x"),
            arn(&format!("cert/{}", "0".repeat(64))),
            arn("policy/none"),
            arn("rolealias/x"),
            arn("policy/x").replace("us-east-1", "eu-west-1"),
            arn("policy/x").replace("123456789012", "210987654321"),
            "x".into(),
            "arn:aws:iam::123456789012:role/x".into(),
        ] {
            let input = json!({"resourceArn": resource});
            seen.note(&named(&admin, "ListTagsForResource", input).await);
        }
        let forged = json!({"resourceArn": arn("policy/x"), "nextToken": "Zm9yZ2Vk"});
        seen.note(&named(&admin, "ListTagsForResource", forged).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    400 InvalidRequestException
    {
      "message": "tags has the key aws:a; keys that begin with aws: are reserved."
    }
    400 InvalidRequestException
    {
      "message": "tags has the key AWS:a; keys that begin with aws: are reserved."
    }
    400 InvalidRequestException
    {
      "message": "tags has the key a twice."
    }
    400 InvalidRequestException
    {
      "message": "1 validation error detected: Value 'vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv...' at 'tags.1.member.value' failed to satisfy constraint: Member must have length less than or equal to 256"
    }
    400 InvalidRequestException
    {
      "message": "1 validation error detected: Value 'a!' at 'tags.1.member.key' failed to satisfy constraint: Member must satisfy regular expression pattern: ^([\\p{L}\\p{Z}\\p{N}_.:/=+\\-@]*)$"
    }
    400 InvalidRequestException
    {
      "message": "1 validation error detected: Value null at 'tags.1.member.key' failed to satisfy constraint: Member must not be null"
    }
    400 InvalidRequestException
    {
      "message": "tagKeys has the key aws:a; keys that begin with aws: are reserved."
    }
    400 InvalidRequestException
    {
      "message": "resourceArn arn:aws:iot:us-east-1:123456789012:thing/x names a kind of resource that takes no tags."
    }
    400 InvalidRequestException
    {
      "message": "resourceArn arn:aws:iot:us-east-1:123456789012:cert/0000000000000000000000000000000000000000000000000000000000000000 names a kind of resource that takes no tags."
    }
    404 ResourceNotFoundException
    {
      "message": "Resource arn:aws:iot:us-east-1:123456789012:policy/none not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Resource arn:aws:iot:us-east-1:123456789012:rolealias/x not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Resource arn:aws:iot:eu-west-1:123456789012:policy/x not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Resource arn:aws:iot:us-east-1:210987654321:policy/x not found."
    }
    400 InvalidRequestException
    {
      "message": "resourceArn x is not the ARN of a resource of AWS IoT."
    }
    400 InvalidRequestException
    {
      "message": "resourceArn arn:aws:iam::123456789012:role/x is not the ARN of a resource of AWS IoT."
    }
    400 InvalidRequestException
    {
      "message": "nextToken is not a token of this list."
    }
    "#);
}
