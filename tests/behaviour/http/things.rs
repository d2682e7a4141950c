//! Things.

use serde_json::{Value, json};
use thingsmith_testkit::{Engine, TestServer};

use super::{Seen, named, testdata};

#[tokio::test]
async fn a_thing_is_made_read_changed_and_deleted() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let attributes = json!({"attributes": {"site": "north", "line": "4"}});
        let made = named(
            &admin,
            "CreateThing",
            json!({"thingName": "pump:1", "attributePayload": attributes}),
        )
        .await;
        seen.note(&made);
        let again = named(
            &admin,
            "CreateThing",
            json!({"thingName": "pump:1", "attributePayload": attributes}),
        )
        .await;
        assert_eq!(again.to_string(), made.to_string());
        let read = || named(&admin, "DescribeThing", json!({"thingName": "pump:1"}));
        seen.note(&read().await);
        seen.note(&named(&admin, "CreateThing", json!({"thingName": "pump:1"})).await);
        let change = json!({"thingName": "pump:1", "expectedVersion": 1,
            "attributePayload": {"merge": true, "attributes": {"line": "", "rack": "a"}}});
        seen.note(&named(&admin, "UpdateThing", change.clone()).await);
        seen.note(&read().await);
        seen.note(&named(&admin, "UpdateThing", change).await);
        let replace = json!({"thingName": "pump:1", "attributePayload": {"attributes": {"only": "this"}}});
        assert_eq!(named(&admin, "UpdateThing", replace).await.status, 200);
        assert_eq!(read().await.json()["attributes"], json!({"only": "this"}));
        assert_eq!(read().await.json()["version"], 3);
        let delete = |version: i64| {
            named(
                &admin,
                "DeleteThing",
                json!({"thingName": "pump:1", "expectedVersion": version}),
            )
        };
        seen.note(&delete(2).await);
        seen.note(&delete(3).await);
        seen.note(&read().await);
        assert_eq!(delete(3).await.status, 200);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "thingName": "pump:1",
      "thingArn": "arn:aws:iot:us-east-1:123456789012:thing/pump:1",
      "thingId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53"
    }
    200
    {
      "defaultClientId": "pump:1",
      "thingName": "pump:1",
      "thingId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
      "thingArn": "arn:aws:iot:us-east-1:123456789012:thing/pump:1",
      "attributes": {
        "line": "4",
        "site": "north"
      },
      "version": 1
    }
    409 ResourceAlreadyExistsException
    {
      "message": "Thing pump:1 already exists in the account with different settings.",
      "resourceId": "pump:1",
      "resourceArn": "arn:aws:iot:us-east-1:123456789012:thing/pump:1"
    }
    200
    {}
    200
    {
      "defaultClientId": "pump:1",
      "thingName": "pump:1",
      "thingId": "9b74a851-6a89-491b-aaa2-7e740c9fcb53",
      "thingArn": "arn:aws:iot:us-east-1:123456789012:thing/pump:1",
      "attributes": {
        "rack": "a",
        "site": "north"
      },
      "version": 2
    }
    409 VersionConflictException
    {
      "message": "Thing pump:1 has version 2, expectedVersion is 1."
    }
    409 VersionConflictException
    {
      "message": "Thing pump:1 has version 3, expectedVersion is 2."
    }
    200
    {}
    404 ResourceNotFoundException
    {
      "message": "Thing pump:1 not found."
    }
    "#);
}

#[tokio::test]
async fn what_a_thing_cannot_be_is_said() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    let create = |more: Value| {
        let mut input = json!({"thingName": "pump"});
        input
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        named(&admin, "CreateThing", input)
    };
    insta::assert_snapshot!(create(json!({"thingTypeName": "Pump"})).await, @r#"
    404 ResourceNotFoundException
    {
      "message": "Thing type Pump not found."
    }
    "#);
    insta::assert_snapshot!(create(json!({"billingGroupName": "North"})).await, @r#"
    404 ResourceNotFoundException
    {
      "message": "Billing group North not found."
    }
    "#);
    let four = json!({"attributePayload": {"attributes": {"a": "1", "b": "2", "c": "3", "d": "4"}}});
    insta::assert_snapshot!(create(four).await, @r#"
    400 InvalidRequestException
    {
      "message": "A thing without a thing type can have 3 attributes; attributePayload.attributes leaves 4."
    }
    "#);
    let space = json!({"attributePayload": {"attributes": {"a": "not this"}}});
    insta::assert_snapshot!(create(space).await, @r#"
    400 InvalidRequestException
    {
      "message": "1 validation error detected: Value '{a=not this}' at 'attributePayload.attributes' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 800, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: [a-zA-Z0-9_.,@/:#=\\[\\]-]*]"
    }
    "#);
    let both = json!({"thingName": "pump", "thingTypeName": "Pump", "removeThingType": true});
    insta::assert_snapshot!(named(&admin, "UpdateThing", both).await, @r#"
    400 InvalidRequestException
    {
      "message": "thingTypeName and removeThingType cannot be given together."
    }
    "#);
    insta::assert_snapshot!(named(&admin, "UpdateThing", json!({"thingName": "none"})).await, @r#"
    404 ResourceNotFoundException
    {
      "message": "Thing none not found."
    }
    "#);
}

#[tokio::test]
async fn things_are_listed_by_name_attribute_and_page() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        for (name, site) in [
            ("c", "north-2"),
            ("a", "north-1"),
            ("B", "south"),
            ("b", "north-1"),
        ] {
            let input = json!({"thingName": name, "attributePayload": {"attributes": {"site": site}}});
            assert_eq!(named(&admin, "CreateThing", input).await.status, 200);
        }
        named(&admin, "CreateThing", json!({"thingName": "bare"})).await;
        let list = |input: Value| {
            let admin = admin.clone();
            async move {
                let reply = named(&admin, "ListThings", input).await.json();
                let things = reply["things"].as_array().unwrap().clone();
                let names: Vec<String> = things
                    .iter()
                    .map(|thing| thing["thingName"].as_str().unwrap().into())
                    .collect();
                (names.join(" "), reply["nextToken"].as_str().map(str::to_owned))
            }
        };
        assert_eq!(list(json!({})).await, ("B a b bare c".into(), None));
        let (first, token) = list(json!({"maxResults": 3})).await;
        assert_eq!(first, "B a b");
        assert_eq!(
            list(json!({"nextToken": token.unwrap(), "maxResults": 3})).await,
            ("bare c".into(), None)
        );
        let by = |value: &str, prefix: bool| json!({"attributeName": "site", "attributeValue": value, "usePrefixAttributeValue": prefix});
        assert_eq!(list(by("north-1", false)).await.0, "a b");
        assert_eq!(list(by("north", false)).await.0, "");
        assert_eq!(list(by("north", true)).await.0, "a b c");
        assert_eq!(list(json!({"attributeName": "site"})).await.0, "a b c B");
        assert_eq!(list(json!({"thingTypeName": "Pump"})).await.0, "");
        let one = |token: Option<String>| {
            let mut input = by("north", true);
            input["maxResults"] = json!(1);
            if let Some(token) = token {
                input["nextToken"] = json!(token);
            }
            list(input)
        };
        let (mut names, mut token) = one(None).await;
        while token.is_some() {
            let (more, next) = one(token).await;
            names = format!("{names} {more}");
            token = next;
        }
        assert_eq!(names, "a b c");
        seen.note(
            &named(
                &admin,
                "ListThings",
                json!({"attributeName": "site", "attributeValue": "south"}),
            )
            .await,
        );
        seen.note(&named(&admin, "ListThings", json!({"attributeValue": "south"})).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {
      "things": [
        {
          "thingName": "B",
          "thingArn": "arn:aws:iot:us-east-1:123456789012:thing/B",
          "attributes": {
            "site": "south"
          },
          "version": 1
        }
      ]
    }
    400 InvalidRequestException
    {
      "message": "attributeValue cannot be given without attributeName."
    }
    "#);
}

#[tokio::test]
async fn a_thing_with_a_principal_stays_until_it_is_detached() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        named(&admin, "CreateThing", json!({"thingName": "pump"})).await;
        let pem = testdata!("good-p256.pem");
        let arn = named(
            &admin,
            "RegisterCertificateWithoutCA",
            json!({"certificatePem": pem}),
        )
        .await
        .text("certificateArn");
        let with = |name: &'static str| named(&admin, name, json!({"thingName": "pump", "principal": arn}));
        seen.note(&with("AttachThingPrincipal").await);
        assert_eq!(with("AttachThingPrincipal").await.status, 200);
        let listed = named(&admin, "ListThingPrincipals", json!({"thingName": "pump"})).await;
        assert_eq!(listed.json(), json!({"principals": [arn]}));
        let delete = || named(&admin, "DeleteThing", json!({"thingName": "pump"}));
        seen.note(&delete().await);
        assert_eq!(with("DetachThingPrincipal").await.status, 200);
        assert_eq!(with("DetachThingPrincipal").await.status, 200);
        assert_eq!(delete().await.status, 200);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    200
    {}
    400 InvalidRequestException
    {
      "message": "Cannot delete. Thing pump is still attached to one or more principals."
    }
    "#);
}

#[tokio::test]
async fn a_principal_is_a_certificate_that_is_there() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    named(&admin, "CreateThing", json!({"thingName": "pump"})).await;
    let attach = |principal: &str| {
        named(
            &admin,
            "AttachThingPrincipal",
            json!({"thingName": "pump", "principal": principal}),
        )
    };
    let absent = format!("arn:aws:iot:us-east-1:123456789012:cert/{}", "0".repeat(64));
    insta::assert_snapshot!(attach(&absent).await, @r#"
    404 ResourceNotFoundException
    {
      "message": "Certificate 0000000000000000000000000000000000000000000000000000000000000000 not found."
    }
    "#);
    insta::assert_snapshot!(attach("pump").await, @r#"
    400 InvalidRequestException
    {
      "message": "Principal pump is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    "#);
    insta::assert_snapshot!(attach("us-east-1:12345678-1234-1234-1234-123456789012").await, @r#"
    404 ResourceNotFoundException
    {
      "message": "Cognito identity us-east-1:12345678-1234-1234-1234-123456789012 not found."
    }
    "#);
}
