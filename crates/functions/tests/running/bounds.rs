//! How many workers there are.

use std::time::Duration;

use thingsmith_ports::{Failed, RunError};

use crate::processes::{eventually, with, zombies};
use crate::stage::{Function, Stage};

const SLEEPS: &str = "\
import time
def handler(event, headers):
    time.sleep(event)
    return 'slept'
";

fn marked(mut function: Function) -> (Function, String) {
    let mark = function.mark(function.name);
    (function, mark)
}

#[tokio::test]
async fn calls_beyond_the_workers_of_a_function_are_refused_after_a_while() {
    let Some(stage) = Stage::set(|local| {
        local.workers_per_function = 2;
        local.queue_wait = Duration::from_millis(200);
    })
    .await
    else {
        return;
    };
    let mut function = stage.function("crowd", SLEEPS);
    function.timeout = Duration::from_secs(3);
    let (first, second, third) = tokio::join!(
        stage.call(&function, "1000"),
        stage.call(&function, "1000"),
        stage.call(&function, "0"),
    );
    assert_eq!(first.unwrap().failed, Some(Failed::TimedOut));
    assert_eq!(second.unwrap().failed, Some(Failed::TimedOut));
    assert!(matches!(third, Err(RunError::TooManyRequests)), "{third:?}");
}

#[tokio::test]
async fn a_call_waits_for_a_worker_that_is_about_to_be_free() {
    let Some(stage) = Stage::set(|local| local.workers_per_function = 1).await else {
        return;
    };
    let function = stage.function("queue", SLEEPS);
    let calls = (0..5).map(|_| stage.call(&function, "0.05"));
    let mut outcomes = Vec::new();
    let mut calls: Vec<_> = calls.map(Box::pin).collect();
    for call in &mut calls {
        outcomes.push(call.as_mut().await.unwrap().failed);
    }
    assert_eq!(outcomes, [None; 5]);
}

#[tokio::test]
async fn a_waiting_worker_makes_room_for_another_function() {
    let Some(stage) = Stage::set(|local| local.workers = 1).await else {
        return;
    };
    let (first, marker) = marked(stage.function("first", SLEEPS));
    let second = stage.function("second", SLEEPS);
    assert_eq!(stage.answer(&first, "0").await, "slept");
    assert!(!with(&marker).is_empty());
    assert_eq!(stage.answer(&second, "0").await, "slept");
    assert!(with(&marker).is_empty());
}

#[tokio::test]
async fn a_worker_that_waits_for_long_is_ended() {
    let Some(stage) = Stage::set(|local| local.idle = Duration::from_millis(200)).await else {
        return;
    };
    let (function, marker) = marked(stage.function("idle", SLEEPS));
    assert_eq!(stage.answer(&function, "0").await, "slept");
    eventually("the worker is gone", || with(&marker).is_empty()).await;
    assert_eq!(stage.answer(&function, "0").await, "slept");
}

#[tokio::test]
async fn new_code_is_run_at_the_next_call() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let code = |answer: u8| format!("def handler(event, headers):\n    return {answer}\n");
    let (mut function, marker) = marked(stage.function("renewed", &code(1)));
    assert_eq!(stage.answer(&function, "0").await, 1);
    let before = with(&marker);
    function.files[1].1 = code(2);
    function.revision = "2".into();
    assert_eq!(stage.answer(&function, "0").await, 2);
    eventually("the old worker is gone", || {
        with(&marker).iter().all(|process| !before.contains(process))
    })
    .await;
}

#[tokio::test]
async fn a_call_that_is_given_up_ends_its_worker() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let (function, marker) = marked(stage.function("dropped", SLEEPS));
    assert_eq!(stage.answer(&function, "0").await, "slept");
    let given_up = tokio::time::timeout(Duration::from_millis(100), stage.call(&function, "1000")).await;
    assert!(given_up.is_err());
    eventually("the worker is gone", || with(&marker).is_empty()).await;
}

#[tokio::test]
async fn a_thousand_calls_and_many_crashes_leave_nothing() {
    let Some(stage) = Stage::set(|_| {}).await else {
        return;
    };
    let (function, marker) = marked(stage.function(
        "many",
        "\
import os
def handler(event, headers):
    if event % 50 == 49:
        os._exit(1)
    return event
",
    ));
    for number in 0..1000 {
        let outcome = stage.call(&function, &number.to_string()).await.unwrap();
        match number % 50 {
            49 => assert_eq!(outcome.failed, Some(Failed::Unhandled)),
            _ => assert_eq!(outcome.payload, number.to_string()),
        }
    }
    stage.runner.stop().await;
    assert!(with(&marker).is_empty());
    eventually("no body is left", || zombies() == 0).await;
    // Where workers have users of their own, their folders are elsewhere.
    let left = std::fs::read_dir(stage.folder.path().join("functions/workers"));
    assert_eq!(left.map_or(0, Iterator::count), 0);
}
