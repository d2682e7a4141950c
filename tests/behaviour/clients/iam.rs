//! Users, roles and sessions with boto3 and the AWS CLI, and the API over TLS with curl.

use std::process::Command;

use serde_json::{Value, json};

use super::{installed, on_postgresql, script, text, venv, with_aws_environment};
use crate::server::{ACCOUNT, Home, Server};

#[test]
fn boto3_sees_to_users_and_roles() {
    sees_to_users_and_roles(&Home::sqlite());
}

#[test]
fn boto3_sees_to_users_and_roles_on_postgresql() {
    on_postgresql(sees_to_users_and_roles);
}

fn sees_to_users_and_roles(home: &Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let found = script(&venv, &server, "boto3_iam.py", &[]);
    assert_eq!(
        found["users"],
        json!({
            "pages": [2, 2, 1],
            "document": true,
            "arn": format!("arn:aws:iam::{ACCOUNT}:user/line/user-0"),
            "things": [],
            "denied": [403, "AccessDeniedException"],
            "denied_iam": [403, "AccessDenied"],
            "conflict": [409, "DeleteConflict"],
            "taken": [409, "EntityAlreadyExists"],
            "absent": "NoSuchEntity",
        })
    );
    assert_eq!(
        found["roles"],
        json!({
            "trust": true,
            "attached": ["AWSIoTThingsRegistration", "things"],
            "arn": format!("arn:aws:sts::{ACCOUNT}:assumed-role/line/shift"),
            "things": ["made-by-a-session"],
            "denied": [403, "AccessDeniedException"],
            "lifetime_is_a_date": true,
        })
    );
    for (signer, arn) in [
        ("administrator", format!("arn:aws:iam::{ACCOUNT}:root")),
        (
            "session",
            format!("arn:aws:sts::{ACCOUNT}:assumed-role/line/shift"),
        ),
    ] {
        let urls = &found["urls"][signer];
        assert_eq!(
            (&urls["things"], &urls["forged"]),
            (&json!(200), &json!(403)),
            "{urls}"
        );
        assert!(urls["identity"].as_str().unwrap().contains(&arn), "{urls}");
    }
}

/// Calls the AWS CLI with the administrator's key over what the server speaks.
pub(super) fn aws(server: &Server<'_>, words: &[&str]) -> Value {
    let program = venv().expect("it was asked for before").join("bin/aws");
    let (id, secret) = server.credentials();
    let mut command = with_aws_environment(&program, server, (&id, &secret));
    if server.api.starts_with("https://") {
        command.env("AWS_CA_BUNDLE", server.ca());
    }
    let output = command.args(words).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", text(&output));
    serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
}

#[test]
fn the_cli_makes_a_role_and_becomes_it() {
    if venv().is_none() {
        return;
    }
    let home = Home::sqlite();
    let server = home.start();
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{{"AWS":"{ACCOUNT}"}},"Action":"sts:AssumeRole"}}}}"#
    );
    let document = ["--assume-role-policy-document", &trust];
    let made = aws(
        &server,
        &[&["iam", "create-role", "--role-name", "line"][..], &document].concat(),
    );
    assert_eq!(made["Role"]["Arn"], format!("arn:aws:iam::{ACCOUNT}:role/line"));
    let arn = made["Role"]["Arn"].as_str().unwrap();
    let policy = "arn:aws:iam::aws:policy/AWSIoTConfigReadOnlyAccess";
    aws(
        &server,
        &[
            "iam",
            "attach-role-policy",
            "--role-name",
            "line",
            "--policy-arn",
            policy,
        ],
    );
    let listed = aws(
        &server,
        &["iam", "list-attached-role-policies", "--role-name", "line"],
    );
    assert_eq!(listed["AttachedPolicies"][0]["PolicyArn"], policy);
    let session = aws(
        &server,
        &[
            "sts",
            "assume-role",
            "--role-arn",
            arn,
            "--role-session-name",
            "cli",
        ],
    );
    let member = |name: &str| session["Credentials"][name].as_str().unwrap().to_owned();
    let program = venv().unwrap().join("bin/aws");
    let key = (member("AccessKeyId"), member("SecretAccessKey"));
    let as_session = |words: &[&str]| {
        let mut command = with_aws_environment(&program, &server, (&key.0, &key.1));
        command.env("AWS_SESSION_TOKEN", member("SessionToken"));
        command.args(words).output().unwrap()
    };
    assert!(as_session(&["iot", "list-things"]).status.success());
    let denied = as_session(&["iot", "create-thing", "--thing-name", "a"]);
    assert!(
        text(&denied).contains("AccessDeniedException"),
        "{}",
        text(&denied)
    );
    assert!(home.log().contains("AccessDeniedException"));
    for secret in [member("SessionToken"), member("SecretAccessKey")] {
        assert!(!home.log().contains(&secret), "a secret stands in the log");
    }
}

#[test]
fn the_api_is_reached_over_tls() {
    let home = Home::sqlite().bare_flag("--api-tls");
    let server = home.start();
    assert!(server.api.starts_with("https://127.0.0.1:"), "{}", server.api);
    if venv().is_some() {
        aws(&server, &["iot", "create-thing", "--thing-name", "over-tls"]);
        let things = aws(&server, &["iot", "list-things"]);
        assert_eq!(things["things"][0]["thingName"], "over-tls");
        // Without our roots no client believes the server.
        let program = venv().unwrap().join("bin/aws");
        let (id, secret) = server.credentials();
        let mut command = with_aws_environment(&program, &server, (&id, &secret));
        let output = command.args(["iot", "list-things"]).output().unwrap();
        assert!(text(&output).contains("SSL"), "{}", text(&output));
    }
    if !installed("curl") {
        return;
    }
    let curl = |more: &[&str]| {
        Command::new("curl")
            .args(["-s", "--max-time", "20"])
            .args(more)
            .output()
            .unwrap()
    };
    let (ca, port) = (server.ca(), server.api.rsplit_once(':').unwrap().1);
    let ca = ca.to_str().unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let health = curl(&["--cacert", ca, &format!("https://{host}:{port}/health")]);
        assert!(text(&health).contains("alive"), "{host}: {}", text(&health));
    }
    assert!(
        !curl(&[&format!("https://localhost:{port}/health")])
            .status
            .success()
    );
    assert!(
        !curl(&[&format!("http://localhost:{port}/health")])
            .status
            .success()
    );
    let environment = home.environment();
    assert!(environment.contains("export AWS_CA_BUNDLE="), "{environment}");
}
