//! Functions that fail in every way that they can.

use std::time::Duration;

use serde_json::Value;
use thingsmith_functions::{CodeLimits, Runtime};
use thingsmith_ports::{Failed, FunctionKind, Functions, Outcome, RunError};

use crate::stage::{Function, Stage};

fn error(outcome: &Outcome) -> (String, String) {
    assert_eq!(outcome.failed, Some(Failed::Unhandled), "{outcome:?}");
    let error: Value = serde_json::from_slice(&outcome.payload).unwrap();
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[tokio::test]
async fn a_process_that_ends_is_reported_and_replaced() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let function = stage.function(
        "ends",
        "\
import os
def handler(event, headers):
    if event == 'exit':
        os._exit(3)
    if event == 'leave':
        os._exit(0)
    if event == 'kill':
        os.kill(os.getpid(), 9)
    if event == 'abort':
        os.abort()
    return os.getpid() > 0
",
    );
    for (event, wanted) in [
        ("exit", "Runtime exited with error: exit status 3"),
        ("leave", "Runtime exited without providing a reason"),
        ("kill", "Runtime exited with error: signal: killed"),
        ("abort", "Runtime exited with error: signal: aborted"),
    ] {
        let call = function.call(&format!("\"{event}\""));
        let id = call.request_id.clone();
        let outcome = stage.runner.run(call).await.unwrap();
        let (kind, message) = error(&outcome);
        assert_eq!(kind, "Runtime.ExitError");
        assert_eq!(message, format!("RequestId: {id} Error: {wanted}"));
        assert_eq!(stage.answer(&function, "1").await, true);
    }
}

#[tokio::test]
async fn code_that_cannot_be_loaded_fails_the_call() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let function = stage.function("broken", "def handler(event, headers:\n");
    let outcome = stage.call(&function, "1").await.unwrap();
    let (kind, message) = error(&outcome);
    assert_eq!(kind, "Runtime.ExitError");
    assert!(message.ends_with("exit status 1"), "{message}");
    let log = String::from_utf8(outcome.log_tail.to_vec()).unwrap();
    assert!(log.contains("SyntaxError"), "{log}");
}

#[tokio::test]
async fn code_that_never_becomes_ready_is_given_up() {
    let Some(stage) = Stage::set(|local| local.init_timeout = Duration::from_millis(500)).await else {
        return;
    };
    let function = stage.function("slow", "import time\ntime.sleep(1000)\n");
    let outcome = stage.call(&function, "1").await.unwrap();
    assert_eq!(outcome.failed, Some(Failed::TimedOut));
}

#[tokio::test]
async fn a_caller_that_does_not_wait_long_enough_leaves_the_worker_to_the_next() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let function = stage.function(
        "late",
        "\
import time
time.sleep(1)
def handler(event, headers):
    return 'here'
",
    );
    let mut call = function.call("1");
    call.patience = Duration::from_millis(200);
    let outcome = stage.runner.run(call).await.unwrap();
    assert_eq!(outcome.failed, Some(Failed::TimedOut));
    assert_eq!(stage.answer(&function, "1").await, "here");
}

#[tokio::test]
async fn an_event_and_an_answer_may_not_be_too_large() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let function = stage.function(
        "large",
        "def handler(event, headers):\n    return 'x' * event if isinstance(event, int) else len(event)\n",
    );
    let event = format!("\"{}\"", "x".repeat(6 * 1024 * 1024 - 2));
    assert_eq!(stage.answer(&function, &event).await, 6 * 1024 * 1024 - 2);
    let refused = stage.call(&function, &format!("{event} ")).await;
    assert!(matches!(refused, Err(RunError::TooLarge(_))), "{refused:?}");

    let most = (6 * 1024 * 1024 - 2).to_string();
    assert!(stage.answer(&function, &most).await.is_string());
    let outcome = stage
        .call(&function, &(6 * 1024 * 1024 - 1).to_string())
        .await
        .unwrap();
    assert_eq!(error(&outcome).0, "Function.ResponseSizeTooLarge");
    assert_eq!(stage.answer(&function, "1").await, "x");
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_handed_on_as_it_is() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let function = stage.function(
        "nonsense",
        "def handler(event, headers):\n    return b'\\xff nonsense {'\n",
    );
    let outcome = stage.call(&function, "1").await.unwrap();
    assert_eq!(outcome.payload.as_ref(), b"\xff nonsense {");
}

#[tokio::test]
async fn what_cannot_be_started_says_what_is_missing() {
    let Some(stage) = Stage::set(|local| {
        local
            .runtimes
            .insert(0, Runtime::new("gone", &["no-such-program"]));
        local
            .runtimes
            .insert(0, Runtime::new("cobol*", &["python3", "-m", "no_such_module"]));
        local.code = CodeLimits {
            unpacked_bytes: 10_000,
            ..CodeLimits::default()
        };
    })
    .await
    else {
        return;
    };
    let refusal = async |function: &Function| match stage.call(function, "1").await {
        Err(RunError::Unavailable(reason)) => reason,
        other => panic!("{other:?}"),
    };
    let with_runtime = |runtime| {
        let mut function = stage.function("missing", "");
        function.runtime = runtime;
        function
    };
    let reason = refusal(&with_runtime("ruby3.3")).await;
    assert!(
        reason.contains("nothing is configured that runs the runtime ruby3.3"),
        "{reason}"
    );
    let reason = refusal(&with_runtime("gone")).await;
    assert!(
        reason.contains("the program no-such-program, which is not installed"),
        "{reason}"
    );
    let reason = refusal(&with_runtime("cobol1")).await;
    assert!(reason.contains("-m pip install no_such_module"), "{reason}");
    let reason = refusal(&with_runtime("provided.al2023")).await;
    assert!(reason.contains("bootstrap"), "{reason}");

    let mut function = stage.function("large", "");
    function.files.push(("data", "x".repeat(10_000)));
    let reason = refusal(&function).await;
    assert!(reason.contains("more than 10000 bytes unpacked"), "{reason}");
}

#[tokio::test]
async fn what_is_not_turned_on_says_how_to_turn_it_on() {
    use crate::stage::{Counter, Now};
    use std::sync::Arc;
    let config = thingsmith_functions::Config::default();
    let runner = thingsmith_functions::Runner::start(config, Arc::new(Now), Arc::new(Counter::default()))
        .await
        .unwrap();
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let refused = runner.run(stage.function("off", "").call("1")).await;
    match refused {
        Err(RunError::NotEnabled(reason)) => assert!(reason.contains("[functions]"), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_bootstrap_of_the_codes_own_is_run() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let mut function = stage.function("own", "def handler(event, headers):\n    return 'own'\n");
    function.runtime = "provided.al2023";
    let python = stage.python().display().to_string();
    function.files.push((
        "bootstrap",
        format!("#!/bin/sh\nexec {python} -S -E client.py \"$_HANDLER\"\n"),
    ));
    // Such code brings what it needs; this one needs an interpreter, which is configured for others.
    let Some(stage) = Stage::set(|local| {
        let fast = local.runtimes[0].command[0].clone();
        let installed = std::fs::canonicalize(&fast).unwrap();
        local.readable = [installed, fast.into()]
            .iter()
            .map(|it: &std::path::PathBuf| it.parent().unwrap().parent().unwrap().to_owned())
            .collect();
    })
    .await
    else {
        return;
    };
    assert!(matches!(
        function.call("1").function.kind,
        FunctionKind::Local { .. }
    ));
    assert_eq!(stage.answer(&function, "1").await, "own");
}
