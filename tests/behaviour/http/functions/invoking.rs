use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::json;
use thingsmith_ports::{Failed, FunctionKind, Outcome, RunError};
use thingsmith_testkit::{Engine, ScriptedFunctions, TestServer};

use super::{ARN, call, create, invoke, new, role, with, zip};
use crate::http::query::refused;

#[tokio::test]
async fn a_function_is_called_and_its_answer_comes_back_as_it_is() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        let variables = json!({"Environment": {"Variables": {"COLOUR": "red"}}, "Timeout": 7});
        assert_eq!(create(&admin, with(new("f"), variables)).await.status, 201);
        server.functions.answer("f", |call| {
            Ok(Outcome {
                log_tail: Bytes::from_static(b"a line\n"),
                ..ScriptedFunctions::answered(format!("[{}]", String::from_utf8_lossy(&call.event)))
            })
        });
        let reply = invoke(&admin, "f", &[], br#"{"a": 1}"#).await;
        assert_eq!(
            (reply.status, reply.body.as_slice()),
            (200, br#"[{"a": 1}]"#.as_slice())
        );
        assert_eq!(reply.header("x-amz-executed-version"), Some("$LATEST"));
        assert_eq!(reply.header("x-amz-function-error"), None);
        assert_eq!(reply.header("x-amz-log-result"), None);
        let called = server.functions.take_calls();
        let [first] = called.as_slice() else {
            panic!("{called:?}")
        };
        assert_eq!(Some(first.request_id.as_str()), reply.header("x-amzn-requestid"));
        assert_eq!(
            (first.function.arn.as_str(), first.function.timeout.as_secs()),
            (ARN, 7)
        );
        let FunctionKind::Local {
            runtime,
            handler,
            memory_mib,
            environment,
        } = &first.function.kind
        else {
            panic!("{:?}", first.function.kind);
        };
        assert_eq!(
            (runtime.as_str(), handler.as_str(), *memory_mib),
            ("python3.11", "app.handler", 128)
        );
        assert_eq!(environment[0].1.expose_secret(), "red");

        // What it needs to run: its code, and credentials of its role that this server knows.
        let code = first.function.supplies.code().await.unwrap();
        assert_eq!(STANDARD.encode(code), zip("1"));
        let credentials = first.function.supplies.credentials().await.unwrap().unwrap();
        let token = credentials.session_token.unwrap();
        let own = crate::http::query::client(
            &server,
            &credentials.access_key_id,
            credentials.secret.expose_secret(),
            Some(token.expose_secret()),
        );
        let who = crate::http::query::sts(&own, "GetCallerIdentity", json!({})).await;
        let arn = crate::http::query::element(&who, "Arn");
        assert_eq!(arn, "arn:aws:sts::123456789012:assumed-role/worker/f");

        let context = STANDARD.encode(r#"{"custom":{}}"#);
        let headers = [
            ("x-amz-log-type", "Tail"),
            ("x-amz-client-context", context.as_str()),
        ];
        let reply = invoke(&admin, "f:$LATEST", &headers, b"").await;
        assert_eq!((reply.status, reply.body.as_slice()), (200, b"[{}]".as_slice()));
        assert_eq!(
            reply.header("x-amz-log-result"),
            Some(STANDARD.encode("a line\n").as_str())
        );
        assert_eq!(
            server.functions.take_calls()[0].client_context.as_deref(),
            Some(r#"{"custom":{}}"#)
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn what_fails_says_so() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    assert_eq!(create(&admin, new("f")).await.status, 201);
    server
        .functions
        .answer("f", |_| Ok(ScriptedFunctions::raised("no")));
    let reply = invoke(&admin, "f", &[], b"{}").await;
    assert_eq!(
        (reply.status, reply.header("x-amz-function-error")),
        (200, Some("Unhandled"))
    );
    assert_eq!(
        reply.json(),
        json!({"errorMessage": "no", "errorType": "Exception"})
    );
    server.functions.answer("f", |_| {
        Ok(Outcome {
            failed: Some(Failed::TimedOut),
            ..ScriptedFunctions::answered("{}")
        })
    });
    let reply = invoke(&admin, "f", &[], b"{}").await;
    assert_eq!(
        (reply.status, reply.header("x-amz-function-error")),
        (200, Some("Unhandled"))
    );
    for (error, status, exception) in [
        (0, 429, "TooManyRequestsException"),
        (1, 502, "InvalidRuntimeException"),
        (2, 413, "RequestTooLargeException"),
        (3, 500, "ServiceException"),
    ] {
        server.functions.answer("f", move |_| {
            Err(match error {
                0 => RunError::TooManyRequests,
                1 => RunError::NotEnabled("functions are off".into()),
                2 => RunError::TooLarge("the answer is too large".into()),
                _ => RunError::Unavailable("it cannot be started".into()),
            })
        });
        refused(&invoke(&admin, "f", &[], b"{}").await, status, exception);
    }
    server.functions.take_calls();
    let context = STANDARD.encode("[]");
    for (headers, event) in [
        (&[][..], b"{".as_slice()),
        (&[], b"\xff"),
        (&[("x-amz-client-context", "!")], b"{}"),
        (&[("x-amz-client-context", context.as_str())], b"{}"),
    ] {
        let reply = invoke(&admin, "f", headers, event).await;
        refused(&reply, 400, "InvalidRequestContentException");
    }
    let late = [("x-amz-invocation-type", "Event")];
    let long = format!("\"{}\"", "a".repeat(1 << 20));
    let reply = invoke(&admin, "f", &late, long.as_bytes()).await;
    refused(&reply, 413, "RequestTooLargeException");
    let longer = format!("\"{}\"", "a".repeat(6 << 20));
    let reply = invoke(&admin, "f", &[], longer.as_bytes()).await;
    refused(&reply, 413, "RequestEntityTooLargeException");
    for (name, status, exception) in [
        ("g", 404, "ResourceNotFoundException"),
        ("f:1", 404, "ResourceNotFoundException"),
        (
            "arn:aws:lambda:eu-west-1:123456789012:function:f",
            404,
            "ResourceNotFoundException",
        ),
        (
            "arn:aws:lambda:us-east-1:210987654321:function:f",
            403,
            "AccessDeniedException",
        ),
        (
            "arn:aws:lambda:us-east-1:123456789012:layer:f",
            404,
            "ResourceNotFoundException",
        ),
    ] {
        refused(&invoke(&admin, name, &[], b"{}").await, status, exception);
    }
    assert!(server.functions.take_calls().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn a_caller_need_not_wait_or_call() {
    let server = TestServer::start().await;
    let admin = server.administrator();
    role(&admin, "worker", "lambda.amazonaws.com").await;
    assert_eq!(create(&admin, new("f")).await.status, 201);
    let (called, mut calls) = tokio::sync::mpsc::unbounded_channel();
    server.functions.answer("f", move |call| {
        called.send(call.event.clone()).unwrap();
        Ok(ScriptedFunctions::answered("1"))
    });
    let dry = [("x-amz-invocation-type", "DryRun")];
    let reply = invoke(&admin, "f", &dry, b"{}").await;
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    let missing = invoke(&admin, "g", &dry, b"{}").await;
    refused(&missing, 404, "ResourceNotFoundException");
    let event = [("x-amz-invocation-type", "Event")];
    let reply = invoke(&admin, "f", &event, b"[1]").await;
    assert_eq!((reply.status, reply.body.len()), (202, 0));
    assert_eq!(calls.recv().await.unwrap(), "[1]");
    assert!(calls.try_recv().is_err());
    server.stop().await;
}

#[tokio::test]
async fn a_change_counts_for_the_next_call_and_ends_what_was_kept_ready() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = server.administrator();
        role(&admin, "worker", "lambda.amazonaws.com").await;
        assert_eq!(create(&admin, new("f")).await.status, 201);
        server
            .functions
            .answer("f", |_| Ok(ScriptedFunctions::answered("1")));
        let mut revisions = Vec::new();
        for content in ["22", "333"] {
            assert_eq!(invoke(&admin, "f", &[], b"{}").await.status, 200);
            let calls = server.functions.take_calls();
            revisions.push(calls[0].function.revision.clone());
            assert!(server.functions.take_retired().is_empty());
            let code = json!({"ZipFile": zip(content)});
            assert_eq!(call(&admin, "PUT", "f", "/code", Some(code)).await.status, 200);
            assert_eq!(server.functions.take_retired(), [ARN]);
            assert_eq!(invoke(&admin, "f", &[], b"{}").await.status, 200);
            let calls = server.functions.take_calls();
            let code = calls[0].function.supplies.code().await.unwrap();
            assert_eq!(STANDARD.encode(code), zip(content));
            assert!(!revisions.contains(&calls[0].function.revision));
        }
        assert_eq!(call(&admin, "DELETE", "f", "", None).await.status, 204);
        assert_eq!(server.functions.take_retired(), [ARN]);
        refused(
            &invoke(&admin, "f", &[], b"{}").await,
            404,
            "ResourceNotFoundException",
        );
        server.stop().await;
    }
}
