//! Services call functions for resources, as far as the functions' policies permit.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use thingsmith_core::functions::{Configured, InvokeFailure, OnBehalf, invoke_for_service};
use thingsmith_ports::{FunctionKind, RunError};
use thingsmith_testkit::{ACCOUNT, Engine, ScriptedFunctions, TestServer};

use super::{ARN, call, create, invoke, new, role, zip};
use crate::http::query::refused;

const RULE: &str = "arn:aws:iot:us-east-1:123456789012:rule/r";

async fn ask(server: &TestServer, function: &str, on_behalf: OnBehalf<'_>) -> Result<Bytes, InvokeFailure> {
    let (account, region) = (ACCOUNT.parse().unwrap(), "us-east-1".parse().unwrap());
    let realm = server.deeds.realm(&account, &region).await.unwrap();
    let event = Bytes::from_static(b"{}");
    invoke_for_service(
        &server.deeds,
        &realm,
        function,
        on_behalf,
        event,
        Duration::from_secs(5),
    )
    .await
}

fn rule<'a>(source_arn: &'a str, source_account: &'a str) -> OnBehalf<'a> {
    OnBehalf {
        service: "iot.amazonaws.com",
        source_arn,
        source_account,
    }
}

#[tokio::test]
async fn a_service_calls_what_the_functions_policy_permits() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        assert_eq!(create(&admin, new("f")).await.status, 201);
        server.functions.answer("f", |call| {
            assert_eq!(call.patience, Duration::from_secs(5));
            Ok(ScriptedFunctions::answered(r#"{"a":1}"#))
        });
        let own = rule(RULE, ACCOUNT);
        let refusal = ask(&server, ARN, own).await.unwrap_err();
        assert_eq!(
            refusal.to_string(),
            format!(
                "the policy of {ARN} does not permit iot.amazonaws.com to lambda:InvokeFunction for {RULE} of account {ACCOUNT}"
            )
        );
        let permission = json!({"StatementId": "iot", "Action": "lambda:InvokeFunction", "Principal": "iot.amazonaws.com",
            "SourceArn": "arn:aws:iot:us-east-1:123456789012:rule/*", "SourceAccount": ACCOUNT});
        let added = call(&admin, "POST", "f", "/policy", Some(permission)).await;
        assert_eq!(added.status, 201, "{added}");
        for name in [ARN, "f", "123456789012:function:f", "f:$LATEST"] {
            assert_eq!(ask(&server, name, own).await.unwrap(), r#"{"a":1}"#);
        }
        for (why, other) in [
            ("another account's", rule(RULE, "210987654321")),
            (
                "no rule",
                rule("arn:aws:iot:us-east-1:123456789012:authorizer/r", ACCOUNT),
            ),
            (
                "another service",
                OnBehalf {
                    service: "sns.amazonaws.com",
                    ..own
                },
            ),
        ] {
            let outcome = ask(&server, ARN, other).await;
            assert!(
                matches!(outcome, Err(InvokeFailure::NotPermitted(_))),
                "{why}: {outcome:?}"
            );
        }
        for (name, permitted) in [
            ("arn:aws:lambda:us-east-1:123456789012:function:g", true),
            ("arn:aws:lambda:us-east-1:123456789012:function:f:1", true),
            ("arn:aws:lambda:eu-west-1:123456789012:function:f", true),
            ("arn:aws:iot:us-east-1:123456789012:rule/r", true),
            ("arn:aws:lambda:us-east-1:210987654321:function:f", false),
        ] {
            let outcome = ask(&server, name, own).await.unwrap_err();
            assert_eq!(
                matches!(outcome, InvokeFailure::NotFound(_)),
                permitted,
                "{outcome:?}"
            );
            assert_eq!(
                matches!(outcome, InvokeFailure::NotPermitted(_)),
                !permitted,
                "{outcome:?}"
            );
        }
        let removed = call(&admin, "DELETE", "f", "/policy/iot", None).await;
        assert_eq!(removed.status, 204);
        let outcome = ask(&server, ARN, own).await;
        assert!(
            matches!(outcome, Err(InvokeFailure::NotPermitted(_))),
            "{outcome:?}"
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn a_service_learns_how_a_function_failed() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    assert_eq!(create(&admin, new("f")).await.status, 201);
    let permission =
        json!({"StatementId": "iot", "Action": "lambda:InvokeFunction", "Principal": "iot.amazonaws.com"});
    let added = call(&admin, "POST", "f", "/policy", Some(permission)).await;
    assert_eq!(added.status, 201, "{added}");
    let own = rule(RULE, ACCOUNT);
    server
        .functions
        .answer("f", |_| Ok(ScriptedFunctions::raised("no")));
    let failed = InvokeFailure::Failed {
        error_type: "Exception".into(),
        message: "no".into(),
    };
    assert_eq!(ask(&server, "f", own).await, Err(failed));
    server.functions.answer("f", |_| Err(RunError::TooManyRequests));
    assert_eq!(ask(&server, "f", own).await, Err(InvokeFailure::Throttled));
    server
        .functions
        .answer("f", |_| Err(RunError::Unavailable("gone".into())));
    let gone = InvokeFailure::Unavailable("gone".into());
    assert_eq!(ask(&server, "f", own).await, Err(gone));
    server.functions.answer("f", |_| {
        Ok(thingsmith_ports::Outcome {
            failed: Some(thingsmith_ports::Failed::TimedOut),
            ..ScriptedFunctions::answered("{}")
        })
    });
    assert_eq!(ask(&server, "f", own).await, Err(InvokeFailure::TimedOut));
    server.stop().await;
}

#[tokio::test]
async fn a_function_of_the_configuration_is_called_and_not_changed() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    server.deeds.configure_functions(vec![Configured {
        account: ACCOUNT.parse().unwrap(),
        region: "us-east-1".parse().unwrap(),
        name: "f".into(),
        kind: FunctionKind::Http {
            url: "http://127.0.0.1:1/".into(),
            headers: Vec::new(),
        },
        timeout: Duration::from_secs(9),
    }]);
    server
        .functions
        .answer("f", |_| Ok(ScriptedFunctions::answered("1")));
    assert_eq!(ask(&server, ARN, rule(RULE, ACCOUNT)).await.unwrap(), "1");
    assert_eq!(invoke(&admin, "f", &[], b"{}").await.body, b"1");
    assert_eq!(server.functions.take_calls().len(), 2);
    refused(&create(&admin, new("f")).await, 409, "ResourceConflictException");
    for (method, more, input) in [
        ("DELETE", "", None),
        ("PUT", "/code", Some(json!({"ZipFile": zip("2")}))),
        ("PUT", "/configuration", Some(json!({"Timeout": 5}))),
        (
            "POST",
            "/policy",
            Some(json!({"StatementId": "a", "Action": "lambda:*", "Principal": "*"})),
        ),
    ] {
        let reply = call(&admin, method, "f", more, input).await;
        refused(&reply, 400, "InvalidParameterValueException");
    }
    // It is of one realm.
    let elsewhere = admin.region("eu-west-1");
    refused(
        &invoke(&elsewhere, "f", &[], b"{}").await,
        404,
        "ResourceNotFoundException",
    );
    server.stop().await;
}
