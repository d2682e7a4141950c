//! Principals of things, attached exclusively and not.

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, Reply, TestServer};

use super::{Seen, named, testdata};

async fn certificates(admin: &Client) -> [String; 2] {
    let mut arns = Vec::new();
    for csr in [testdata!("request-p256.csr"), testdata!("request-p384.csr")] {
        let input = json!({"certificateSigningRequest": csr});
        let reply = named(admin, "CreateCertificateFromCsr", input).await;
        arns.push(reply.text("certificateArn"));
    }
    arns.try_into().unwrap()
}

async fn attach(admin: &Client, thing: &str, principal: &str, how: Option<&str>) -> Reply {
    let mut input = json!({"thingName": thing, "principal": principal});
    if let Some(how) = how {
        input["thingPrincipalType"] = how.into();
    }
    named(admin, "AttachThingPrincipal", input).await
}

const EXCLUSIVE: Option<&str> = Some("EXCLUSIVE_THING");
const SHARED: Option<&str> = Some("NON_EXCLUSIVE_THING");

#[tokio::test]
async fn an_exclusive_principal_has_one_thing() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let [first, second] = certificates(&admin).await;
        for name in ["a", "b"] {
            named(&admin, "CreateThing", json!({"thingName": name})).await;
        }
        let must = async |thing: &str, principal: &str, how: Option<&str>| {
            let reply = attach(&admin, thing, principal, how).await;
            assert_eq!(reply.status, 200, "{reply}");
        };
        let refused = async |thing: &str, principal: &str, how: Option<&str>, because: &str| {
            let reply = attach(&admin, thing, principal, how).await;
            assert_eq!(
                (reply.status, reply.exception()),
                (400, "InvalidRequestException"),
                "{reply}"
            );
            assert!(reply.message().contains(because), "{reply}");
        };
        must("a", &first, EXCLUSIVE).await;
        must("a", &first, EXCLUSIVE).await;
        must("a", &first, None).await;
        refused("a", &first, SHARED, "with another thingPrincipalType").await;
        for how in [None, SHARED, EXCLUSIVE] {
            let because = "attached to another thing with thingPrincipalType EXCLUSIVE_THING";
            refused("b", &first, how, because).await;
        }
        // A thing may have several principals, in either way.
        must("a", &second, SHARED).await;
        must("b", &second, None).await;
        refused("a", &second, EXCLUSIVE, "with another thingPrincipalType").await;
        let detach = async |thing: &str, principal: &str| {
            let input = json!({"thingName": thing, "principal": principal});
            let reply = named(&admin, "DetachThingPrincipal", input).await;
            assert_eq!(reply.status, 200, "{reply}");
        };
        detach("a", &second).await;
        refused("a", &second, EXCLUSIVE, "is for its only one").await;
        detach("b", &second).await;
        must("a", &second, EXCLUSIVE).await;
        detach("a", &first).await;
        must("b", &first, SHARED).await;

        let list = async |operation: &str, input: Value| {
            let reply = named(&admin, operation, input).await;
            assert_eq!(reply.status, 200, "{reply}");
            reply.json()
        };
        let things = async |how: &str| {
            list(
                "ListThingPrincipalsV2",
                json!({"thingName": "a", "thingPrincipalType": how}),
            )
            .await["thingPrincipalObjects"]
                .clone()
        };
        assert_eq!(
            things("EXCLUSIVE_THING").await,
            json!([{"principal": second, "thingPrincipalType": "EXCLUSIVE_THING"}])
        );
        assert_eq!(things("NON_EXCLUSIVE_THING").await, json!([]));
        let of = async |how: &str| {
            list(
                "ListPrincipalThingsV2",
                json!({"principal": second, "thingPrincipalType": how}),
            )
            .await["principalThingObjects"]
                .clone()
        };
        assert_eq!(
            of("EXCLUSIVE_THING").await,
            json!([{"thingName": "a", "thingPrincipalType": "EXCLUSIVE_THING"}])
        );
        assert_eq!(of("NON_EXCLUSIVE_THING").await, json!([]));
        // Exclusive or not, a principal keeps its thing.
        let reply = named(&admin, "DeleteThing", json!({"thingName": "a"})).await;
        assert_eq!(reply.exception(), "InvalidRequestException", "{reply}");
        server.stop().await;
    }
}

#[tokio::test]
async fn principals_and_things_are_listed_in_pages() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        let [first, second] = certificates(&admin).await;
        for name in ["c", "a", "b"] {
            named(&admin, "CreateThing", json!({"thingName": name})).await;
            assert_eq!(attach(&admin, name, &first, None).await.status, 200);
        }
        assert_eq!(attach(&admin, "c", &second, EXCLUSIVE).await.status, 200);
        let list = async |operation: &str, input: Value| {
            let reply = named(&admin, operation, input).await;
            assert_eq!(reply.status, 200, "{reply}");
            reply.json()
        };
        // In the order in which they came to be.
        assert_eq!(
            list("ListPrincipalThings", json!({"principal": first})).await,
            json!({"things": ["c", "a", "b"]})
        );
        assert_eq!(
            list("ListThingPrincipals", json!({"thingName": "c"})).await,
            json!({"principals": [first, second]})
        );
        for (operation, mut input, member, count) in [
            ("ListPrincipalThings", json!({"principal": first}), "things", 3),
            (
                "ListPrincipalThingsV2",
                json!({"principal": first}),
                "principalThingObjects",
                3,
            ),
            (
                "ListPrincipalThingsV2",
                json!({"principal": first, "thingPrincipalType": "NON_EXCLUSIVE_THING"}),
                "principalThingObjects",
                3,
            ),
            ("ListThingPrincipals", json!({"thingName": "c"}), "principals", 2),
            (
                "ListThingPrincipalsV2",
                json!({"thingName": "c"}),
                "thingPrincipalObjects",
                2,
            ),
        ] {
            let whole = list(operation, input.clone()).await[member].clone();
            assert_eq!(whole.as_array().unwrap().len(), count, "{operation}");
            input["maxResults"] = json!(1);
            let mut paged = Vec::new();
            loop {
                let page = list(operation, input.clone()).await;
                paged.extend(page[member].as_array().unwrap().clone());
                match page.get("nextToken") {
                    Some(token) => input["nextToken"] = token.clone(),
                    None => break,
                }
            }
            assert_eq!(json!(paged), whole, "{operation}");
            // A token is of its own list.
            let (other, name) = match input.get("principal") {
                Some(_) => (json!(second), "principal"),
                None => (json!("a"), "thingName"),
            };
            input[name] = other;
            let reply = named(&admin, operation, input).await;
            assert_eq!(
                reply.exception(),
                "InvalidRequestException",
                "{operation}: {reply}"
            );
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn principals_that_are_none_are_refused() {
    let mut seen = Seen::default();
    for engine in Engine::available() {
        seen.begin();
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        named(&admin, "CreateThing", json!({"thingName": "a"})).await;
        for principal in [
            "pump",
            "us-east-1:12345678-1234-1234-1234-123456789012",
            &format!("arn:aws:iot:us-east-1:123456789012:cert/{}", "0".repeat(64)),
            "arn:aws:iot:us-east-1:123456789012:thinggroup/g",
        ] {
            let reply = named(&admin, "ListPrincipalThings", json!({"principal": principal})).await;
            seen.note(&reply);
            let other = named(&admin, "ListPrincipalThingsV2", json!({"principal": principal})).await;
            assert_eq!(other.to_string(), reply.to_string());
            let other = attach(&admin, "a", principal, EXCLUSIVE).await;
            assert_eq!(other.to_string(), reply.to_string());
        }
        seen.note(&named(&admin, "ListThingPrincipalsV2", json!({"thingName": "none"})).await);
        let wrong = json!({"thingName": "a", "thingPrincipalType": "ONLY_THING"});
        seen.note(&named(&admin, "ListThingPrincipalsV2", wrong).await);
        server.stop().await;
    }
    insta::assert_snapshot!(seen.whole(), @r#"
    400 InvalidRequestException
    {
      "message": "Principal pump is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    404 ResourceNotFoundException
    {
      "message": "Cognito identity us-east-1:12345678-1234-1234-1234-123456789012 not found."
    }
    404 ResourceNotFoundException
    {
      "message": "Certificate 0000000000000000000000000000000000000000000000000000000000000000 not found."
    }
    400 InvalidRequestException
    {
      "message": "Principal arn:aws:iot:us-east-1:123456789012:thinggroup/g is neither the ARN of a certificate nor the id of a Cognito identity."
    }
    404 ResourceNotFoundException
    {
      "message": "Thing none not found."
    }
    400 InvalidRequestException
    {
      "message": "1 validation error detected: Value 'ONLY_THING' at 'thingPrincipalType' failed to satisfy constraint: Member must satisfy enum value set: [EXCLUSIVE_THING, NON_EXCLUSIVE_THING]"
    }
    "#);
}
