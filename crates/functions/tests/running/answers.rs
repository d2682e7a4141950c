//! What calls get back.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_functions::Isolation;
use thingsmith_ports::{Failed, Functions, RunError};

use crate::stage::{Stage, is_root};

#[tokio::test]
async fn a_handler_answers_and_its_worker_is_used_again() {
    for isolation in [Isolation::Best, Isolation::Users, Isolation::Off] {
        if isolation == Isolation::Users && !is_root() {
            continue;
        }
        let Some(stage) = Stage::with(isolation, |_| {}).await else {
            return;
        };
        let code = "\
calls = 0
def handler(event, headers):
    global calls
    calls += 1
    print('call', calls)
    return {'got': event, 'calls': calls, 'arn': headers['Lambda-Runtime-Invoked-Function-Arn']}
";
        let function = stage.function("echo", code);
        for calls in 1..4 {
            let outcome = stage.call(&function, r#"{"a":1}"#).await.unwrap();
            assert_eq!(outcome.failed, None, "{isolation:?} {outcome:?}");
            let answer: Value = serde_json::from_slice(&outcome.payload).unwrap();
            assert_eq!(
                answer,
                json!({ "got": { "a": 1 }, "calls": calls, "arn": function.arn() })
            );
            let log = String::from_utf8(outcome.log_tail.to_vec()).unwrap();
            assert!(log.contains(&format!("call {calls}\n")), "{log}");
            assert!(!log.contains(&format!("call {}\n", calls - 1)), "{log}");
        }
        stage.runner.retire(&function.arn());
        assert_eq!(stage.answer(&function, "null").await["calls"], 1);
        stage.runner.stop().await;
        let refused = stage.call(&function, "null").await;
        assert!(matches!(refused, Err(RunError::Unavailable(_))), "{refused:?}");
    }
}

#[tokio::test]
async fn an_error_is_the_outcome_and_the_worker_goes_on() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let function = stage.function(
        "throws",
        "\
calls = 0
def handler(event, headers):
    global calls
    calls += 1
    if event == 'bad':
        raise ValueError('bad event')
    return calls
",
    );
    let outcome = stage.call(&function, "\"bad\"").await.unwrap();
    assert_eq!(outcome.failed, Some(Failed::Unhandled));
    assert_eq!(
        serde_json::from_slice::<Value>(&outcome.payload).unwrap(),
        json!({ "errorMessage": "bad event", "errorType": "ValueError" })
    );
    assert_eq!(stage.answer(&function, "1").await, 2);
}

#[tokio::test]
async fn a_handler_that_hangs_is_timed_out_and_another_worker_takes_the_next_call() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let mut function = stage.function(
        "hangs",
        "\
import time
calls = 0
def handler(event, headers):
    global calls
    calls += 1
    if event == 'hang':
        time.sleep(1000)
    return calls
",
    );
    assert_eq!(stage.answer(&function, "1").await, 1);
    function.timeout = Duration::from_millis(300);
    let call = function.call("\"hang\"");
    let id = call.request_id.clone();
    let outcome = stage.runner.run(call).await.unwrap();
    assert_eq!(outcome.failed, Some(Failed::TimedOut));
    let error: Value = serde_json::from_slice(&outcome.payload).unwrap();
    let message = error["errorMessage"].as_str().unwrap();
    assert!(
        message.ends_with(&format!("Z {id} Task timed out after 0.30 seconds")),
        "{message}"
    );
    function.timeout = Duration::from_secs(60);
    assert_eq!(stage.answer(&function, "1").await, 1);
}

#[tokio::test]
async fn folders_may_be_named_from_where_the_server_was_started() {
    let here = std::env::current_dir().unwrap();
    let up: PathBuf = here.components().skip(1).map(|_| "..").collect();
    let relative = |path: &PathBuf| up.join(path.strip_prefix("/").unwrap());
    let Some(stage) = Stage::set(|local| {
        local.directory = relative(&local.directory);
        local.logs = relative(&local.logs);
    })
    .await
    else {
        return;
    };
    let function = stage.function("relative", "def handler(event, headers):\n    return event\n");
    assert_eq!(stage.answer(&function, "1").await, 1);
}
