//! Functions with boto3 and the AWS CLI: handlers that were written for AWS Lambda, run by AWS's own runtime client.

use std::path::Path;

use serde_json::json;

use super::{script, text, venv, with_aws_environment};
use crate::server::{ACCOUNT, Home};

/// A server that runs Python functions with the tests' environment.
fn running(home: Home, venv: &Path) -> Home {
    home.config(&runtimes(venv))
}

/// The configuration by which Python functions run with the tests' environment.
pub(super) fn runtimes(venv: &Path) -> String {
    let python = venv.join("bin/python");
    format!(
        "[functions]\nlocal = true\n[[functions.runtimes]]\nruntime = \"python3*\"\n\
         command = [{python:?}, \"-m\", \"awslambdaric\", \"{{handler}}\"]\n"
    )
}

#[test]
fn boto3_brings_a_function_that_calls_back() {
    let Some(venv) = venv() else { return };
    brings_a_function(&running(Home::sqlite(), &venv), &venv);
}

#[test]
fn boto3_brings_a_function_that_calls_back_on_postgresql() {
    let Some(venv) = venv() else { return };
    if let Some(home) = Home::postgres() {
        brings_a_function(&running(home, &venv), &venv);
    }
}

fn brings_a_function(home: &Home, venv: &Path) {
    let server = home.start();
    let mut found = script(venv, &server, "boto3_functions.py", &[]);
    let endpoint = found["payload"]["endpoint"].take();
    assert!(endpoint.is_string(), "{found}");
    let arn = format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:f");
    assert_eq!(
        found,
        json!({
            "made": [201, "Active"],
            "called": [200, null, "$LATEST"],
            "logged": true,
            "payload": {"endpoint": null, "event": {"a": 1}, "arn": arn, "refused": "AccessDeniedException"},
            "own_id": true,
            "changed": [[null, "changed"], ["Unhandled", {"errorMessage": "no", "errorType": "ValueError"}]],
            "later": 202,
            "dry": 204,
            "policy": ["iot"],
            "listed": ["f"],
            "description": "d",
            "gone": format!("Function not found: {arn}"),
            "absent": "ResourceNotFoundException",
        })
    );
}

#[test]
fn the_aws_cli_brings_and_calls_a_function() {
    let Some(venv) = venv() else { return };
    let home = running(Home::sqlite(), &venv);
    let server = home.start();
    let (id, secret) = server.credentials();
    let folder = home.scratch();
    std::fs::write(
        folder.join("app.py"),
        "def handler(event, context):\n    return event['a'] + 1\n",
    )
    .unwrap();
    let aws = |arguments: &[&str]| {
        let mut command = with_aws_environment(&venv.join("bin/aws"), &server, (&id, &secret));
        let output = command.current_dir(folder).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let mut python = with_aws_environment(&venv.join("bin/python"), &server, (&id, &secret));
    let zipped = python
        .current_dir(folder)
        .args(["-m", "zipfile", "-c", "app.zip", "app.py"])
        .status();
    assert!(zipped.unwrap().success());
    let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}});
    let create_role = [
        "iam",
        "create-role",
        "--role-name",
        "worker",
        "--assume-role-policy-document",
    ];
    aws(&[&create_role[..], &[&trust.to_string()]].concat());
    let role = format!("arn:aws:iam::{ACCOUNT}:role/worker");
    aws(&[
        "lambda",
        "create-function",
        "--function-name",
        "f",
        "--runtime",
        "python3.11",
        "--role",
        &role,
        "--handler",
        "app.handler",
        "--zip-file",
        "fileb://app.zip",
        "--timeout",
        "30",
    ]);
    aws(&[
        "lambda",
        "invoke",
        "--function-name",
        "f",
        "--payload",
        r#"{"a": 1}"#,
        "answer.json",
    ]);
    assert_eq!(std::fs::read_to_string(folder.join("answer.json")).unwrap(), "2");
    aws(&["lambda", "delete-function", "--function-name", "f"]);
}
