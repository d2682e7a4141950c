use serde_json::{Value, json};
use thingsmith_testkit::{ACCOUNT, Engine, TestServer};

use super::{ARN, call, create, invoke, new, role, zip};
use crate::http::query::{done, refused};

#[tokio::test]
async fn a_policy_grows_and_shrinks() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        assert_eq!(create(&admin, new("f")).await.status, 201);
        refused(
            &call(&admin, "GET", "f", "/policy", None).await,
            404,
            "ResourceNotFoundException",
        );
        let add = |input: Value| {
            let admin = admin.clone();
            async move { call(&admin, "POST", "f", "/policy", Some(input)).await }
        };
        let rule = "arn:aws:iot:us-east-1:123456789012:rule/r";
        let first = json!({"StatementId": "iot-1", "Action": "lambda:InvokeFunction", "Principal": "iot.amazonaws.com",
            "SourceArn": rule, "SourceAccount": ACCOUNT});
        let added = add(first.clone()).await;
        assert_eq!(added.status, 201, "{added}");
        let statement: Value = serde_json::from_str(&added.text("Statement")).unwrap();
        let expected = json!({"Sid": "iot-1", "Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"},
            "Action": "lambda:InvokeFunction", "Resource": ARN,
            "Condition": {"StringEquals": {"AWS:SourceAccount": ACCOUNT}, "ArnLike": {"AWS:SourceArn": rule}}});
        assert_eq!(statement, expected);
        refused(&add(first).await, 409, "ResourceConflictException");
        let read = done(call(&admin, "GET", "f", "/policy", None).await);
        let revision = read.text("RevisionId");
        let policy: Value = serde_json::from_str(&read.text("Policy")).unwrap();
        assert_eq!(
            policy,
            json!({"Version": "2012-10-17", "Id": "default", "Statement": [expected]})
        );
        let account = json!({"StatementId": "a", "Action": "lambda:*", "Principal": "210987654321", "RevisionId": revision});
        assert_eq!(add(account.clone()).await.status, 201);
        let stale =
            add(json!({"StatementId": "b", "Action": "lambda:*", "Principal": "*", "RevisionId": revision}))
                .await;
        refused(&stale, 412, "PreconditionFailedException");
        for wrong in [
            json!({"StatementId": "w", "Action": "lambda:InvokeFunction", "Principal": "iot"}),
            json!({"StatementId": "w", "Action": "lambda:InvokeFunction", "Principal": "arn:aws:iot:us-east-1::x"}),
        ] {
            refused(&add(wrong).await, 400, "InvalidParameterValueException");
        }
        refused(
            &add(json!({"StatementId": "w", "Action": "iot:X", "Principal": "*"})).await,
            400,
            "ValidationException",
        );
        let long = "a".repeat(1800);
        let mut last = None;
        for number in 0..12 {
            let arn = format!("arn:aws:iot:us-east-1:123456789012:rule/{long}{number}");
            last = Some(
                add(
                    json!({"StatementId": format!("l{number}"), "Action": "lambda:InvokeFunction",
                    "Principal": "iot.amazonaws.com", "SourceArn": arn}),
                )
                .await,
            );
        }
        refused(&last.unwrap(), 400, "PolicyLengthExceededException");
        let remove = |more: &'static str| {
            let admin = admin.clone();
            async move { call(&admin, "DELETE", "f", &format!("/policy/{more}"), None).await }
        };
        refused(&remove("none").await, 404, "ResourceNotFoundException");
        refused(
            &remove("a?RevisionId=b").await,
            412,
            "PreconditionFailedException",
        );
        let removed = remove("a").await;
        assert_eq!((removed.status, removed.body.len()), (204, 0));
        server.stop().await;
    }
}

/// What each operation needs. Source: the Service Authorization Reference, "Actions, resources, and condition keys for AWS
/// Lambda".
const ACTIONS: &[(&str, &str, &str, &str)] = &[
    ("CreateFunction", "POST", "", ARN),
    ("GetFunction", "GET", "", ARN),
    ("GetFunctionConfiguration", "GET", "/configuration", ARN),
    ("UpdateFunctionCode", "PUT", "/code", ARN),
    ("UpdateFunctionConfiguration", "PUT", "/configuration", ARN),
    ("ListFunctions", "GET", "", "*"),
    ("InvokeFunction", "POST", "/invocations", ARN),
    ("AddPermission", "POST", "/policy", ARN),
    ("GetPolicy", "GET", "/policy", ARN),
    ("RemovePermission", "DELETE", "/policy/a", ARN),
    ("DeleteFunction", "DELETE", "", ARN),
];

fn policy(effect: &str, action: &str, resource: &str) -> String {
    json!({"Version": "2012-10-17", "Statement": {"Effect": effect, "Action": action, "Resource": resource}})
        .to_string()
}

#[tokio::test]
async fn an_operation_needs_its_own_action_on_its_own_function() {
    let mut builder = TestServer::builder().key("nothing", ACCOUNT, &[]);
    for (name, _, _, resource) in ACTIONS {
        let action = format!("lambda:{name}");
        let pass = policy("Allow", "iam:PassRole", "*");
        builder = builder
            .key(
                &format!("only-{name}"),
                ACCOUNT,
                &[&policy("Allow", &action, resource), &pass],
            )
            .key(
                &format!("elsewhere-{name}"),
                ACCOUNT,
                &[&policy("Allow", &action, &format!("{ARN}2")), &pass],
            )
            .key(
                &format!("denied-{name}"),
                ACCOUNT,
                &[&policy("Allow", "*", "*"), &policy("Deny", &action, resource)],
            );
    }
    let server = builder.start().await;
    role(&server.administrator(), "worker", "lambda.amazonaws.com").await;
    server
        .functions
        .answer("f", |_| Ok(thingsmith_testkit::ScriptedFunctions::answered("1")));
    for &(name, method, more, resource) in ACTIONS {
        let ask = async |key: &str| {
            let client = server.client(key);
            match name {
                "CreateFunction" => create(&client, new("f")).await,
                "ListFunctions" => {
                    let client = client.service("lambda");
                    client.call("GET", "/2015-03-31/functions").await
                }
                "InvokeFunction" => invoke(&client, "f", &[], b"{}").await,
                _ => {
                    let input = match more {
                        "/code" => Some(json!({"ZipFile": zip("2")})),
                        "/configuration" if method == "PUT" => Some(json!({"Role": super::ROLE})),
                        "/policy" if method == "POST" => {
                            Some(json!({"StatementId": "a", "Action": "lambda:*", "Principal": "*"}))
                        }
                        _ => None,
                    };
                    call(&client, method, "f", more, input).await
                }
            }
        };
        for key in ["nothing", &format!("elsewhere-{name}"), &format!("denied-{name}")] {
            let reply = ask(key).await;
            refused(&reply, 403, "AccessDeniedException");
            let start = format!("to perform: lambda:{name} on resource: {resource} ");
            assert!(reply.message().contains(&start), "{}", reply.message());
        }
        let reply = ask(&format!("only-{name}")).await;
        assert!(reply.status < 300, "{name}: {reply}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_role_is_handed_over_by_who_may_and_if_it_trusts_functions() {
    let all_but = json!({"Version": "2012-10-17", "Statement":
        {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "*"}})
    .to_string();
    let server = TestServer::builder()
        .key("most", ACCOUNT, &[&all_but])
        .start()
        .await;
    let admin = server.administrator();
    let other = json!({"Role": super::ROLE.replace("worker", "other")});
    role(&admin, "worker", "lambda.amazonaws.com").await;
    role(&admin, "other", "iot.amazonaws.com").await;
    let most = server.client("most");
    let reply = create(&most, new("f")).await;
    refused(&reply, 403, "AccessDeniedException");
    assert!(reply.message().contains("iam:PassRole"), "{reply}");
    for role in ["other", "none"] {
        let role = super::ROLE.replace("worker", role);
        let reply = create(&admin, super::with(new("f"), json!({"Role": role}))).await;
        refused(&reply, 400, "InvalidParameterValueException");
    }
    assert_eq!(create(&admin, new("f")).await.status, 201);
    let reply = call(&admin, "PUT", "f", "/configuration", Some(other)).await;
    refused(&reply, 400, "InvalidParameterValueException");
    let same = Some(json!({"Role": super::ROLE}));
    let reply = call(&most, "PUT", "f", "/configuration", same).await;
    refused(&reply, 403, "AccessDeniedException");
    let reply = call(&most, "PUT", "f", "/configuration", Some(json!({"Timeout": 5}))).await;
    assert_eq!(reply.status, 200, "{reply}");
    server.stop().await;
}

#[tokio::test]
async fn nobody_reaches_into_another_account_or_region() {
    let all = policy("Allow", "*", "*");
    for engine in Engine::available() {
        let server = TestServer::builder()
            .engine(engine)
            .key("other", "210987654321", &[&all])
            .start()
            .await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        assert_eq!(create(&admin, new("f")).await.status, 201);
        let statement = json!({"StatementId": "a", "Action": "lambda:*", "Principal": "*"});
        let added = call(&admin, "POST", "f", "/policy", Some(statement.clone())).await;
        assert_eq!(added.status, 201);
        let before = done(call(&admin, "GET", "f", "", None).await).to_string();
        for (client, by_name, by_arn) in [
            (server.client("other"), 404, 403),
            (admin.clone().region("eu-west-1"), 404, 404),
        ] {
            for (name, status) in [("f", by_name), (ARN, by_arn)] {
                for (method, more, input) in [
                    ("GET", "", None),
                    ("DELETE", "", None),
                    ("GET", "/configuration", None),
                    ("PUT", "/configuration", Some(json!({"Timeout": 5}))),
                    ("PUT", "/code", Some(json!({"ZipFile": zip("2")}))),
                    ("GET", "/policy", None),
                    ("POST", "/policy", Some(statement.clone())),
                    ("DELETE", "/policy/a", None),
                    ("POST", "/invocations", Some(json!({}))),
                ] {
                    let reply = call(&client, method, name, more, input).await;
                    assert_eq!(reply.status, status, "{method} {name} {more}: {reply}");
                }
            }
            let list = client
                .service("lambda")
                .call("GET", "/2015-03-31/functions")
                .await;
            assert_eq!(list.json()["Functions"], json!([]));
        }
        assert_eq!(done(call(&admin, "GET", "f", "", None).await).to_string(), before);
        assert!(server.functions.take_calls().is_empty());
        server.stop().await;
    }
}
