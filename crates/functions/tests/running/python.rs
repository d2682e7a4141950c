//! Handlers that were written for Lambda, behind AWS's own runtime client for Python.

use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_functions::Isolation;
use thingsmith_ports::{Failed, Functions};

use crate::stage::{Function, Stage};

fn lambda(stage: &Stage, name: &'static str, code: &str) -> Function {
    let mut function = stage.function(name, code);
    function.runtime = "python3.12";
    function.files.retain(|(name, _)| *name == "app.py");
    function.timeout = Duration::from_secs(60);
    function
}

#[tokio::test]
async fn a_handler_gets_event_and_context() {
    for isolation in [Isolation::Best, Isolation::Off] {
        let Some(stage) = Stage::with(isolation, |_| {}).await else {
            return;
        };
        let function = lambda(
            &stage,
            "handler",
            "\
import json, logging
logging.getLogger().setLevel('INFO')
def handler(event, context):
    print('printed')
    logging.info('logged')
    return {
        'event': event,
        'id': context.aws_request_id,
        'arn': context.invoked_function_arn,
        'name': context.function_name,
        'version': context.function_version,
        'memory': context.memory_limit_in_mb,
        'remaining': 0 < context.get_remaining_time_in_millis() <= 60000,
        'client': context.client_context.custom if context.client_context else None,
    }
",
        );
        let mut call = function.call(r#"{"certificateId":"abc"}"#);
        call.client_context = Some(r#"{"custom":{"k":"v"}}"#.into());
        let id = call.request_id.clone();
        let outcome = stage.runner.run(call).await.unwrap();
        assert_eq!(outcome.failed, None, "{outcome:?}");
        assert_eq!(
            serde_json::from_slice::<Value>(&outcome.payload).unwrap(),
            json!({
                "event": { "certificateId": "abc" },
                "id": id,
                "arn": function.arn(),
                "name": "handler",
                "version": "$LATEST",
                "memory": "128",
                "remaining": true,
                "client": { "k": "v" },
            })
        );
        let log = String::from_utf8(outcome.log_tail.to_vec()).unwrap();
        assert!(log.contains("printed\n") && log.contains("logged"), "{log}");
    }
}

#[tokio::test]
async fn errors_are_described_by_the_runtime() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let outcome = async |name, code: &str, event: &str| {
        let outcome = stage.call(&lambda(&stage, name, code), event).await.unwrap();
        assert_eq!(outcome.failed, Some(Failed::Unhandled), "{outcome:?}");
        serde_json::from_slice::<Value>(&outcome.payload).unwrap()
    };
    let error = outcome(
        "throws",
        "def handler(event, context):\n    raise ValueError('no')\n",
        "1",
    )
    .await;
    assert_eq!(error["errorType"], "ValueError");
    assert_eq!(error["errorMessage"], "no");
    assert!(error["stackTrace"].is_array());

    let error = outcome(
        "marshal",
        "def handler(event, context):\n    return object()\n",
        "1",
    )
    .await;
    assert_eq!(error["errorType"], "Runtime.MarshalError");

    let error = outcome("syntax", "def handler(event, context:\n", "1").await;
    assert_eq!(error["errorType"], "Runtime.UserCodeSyntaxError");

    let error = outcome("import", "import no_such_module\n", "1").await;
    assert_eq!(error["errorType"], "Runtime.ImportModuleError");

    let error = outcome("lacks", "other = 1\n", "1").await;
    assert_eq!(error["errorType"], "Runtime.HandlerNotFound");

    let error = outcome(
        "exits",
        "import sys\ndef handler(event, context):\n    sys.exit(5)\n",
        "1",
    )
    .await;
    assert_eq!(error["errorType"], "Runtime.ExitError");
}

#[tokio::test]
async fn a_handler_may_use_boto3_within_the_least_memory() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    stage.runner.set_api("http://127.0.0.1:1", None);
    let mut function = lambda(
        &stage,
        "boto3",
        "\
import boto3
iot = boto3.client('iot')
def handler(event, context):
    return [iot.meta.endpoint_url, iot.meta.region_name]
",
    );
    function.credentials = Some(thingsmith_ports::FunctionCredentials {
        access_key_id: "ASIAEXAMPLE".into(),
        secret: thingsmith_model::Secret::new("secret".into()),
        session_token: Some(thingsmith_model::Secret::new("token".into())),
        expires_at: None,
    });
    assert_eq!(
        stage.answer(&function, "1").await,
        json!(["http://127.0.0.1:1", "us-east-1"])
    );
}
