//! A server that is killed again and again while it registers the lines of a file: every line is done once in the end.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::stream;
use rustix::process::Signal;
use serde_json::{Value, json};
use thingsmith::SystemClock;
use thingsmith_objects_directory::{Directory, Limits};
use thingsmith_ports::{NewObject, Objects, Owner};

use crate::caller::Caller;
use crate::clients::aws_cli::Aws;
use crate::clients::registering_role;
use crate::server::{ACCOUNT, Home, REGION};

const LINES: usize = 5000;

#[test]
fn ten_kills_leave_each_line_done_once() {
    kill_again_and_again(&Home::sqlite(), 10);
}

#[test]
fn kills_leave_each_line_done_once_on_postgresql() {
    if let Some(home) = Home::postgres() {
        kill_again_and_again(&home, 2);
    }
}

fn kill_again_and_again(home: &Home, rounds: u64) {
    let csr = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../testdata/certificates/request-p256.csr"
    ));
    let file: String = (0..LINES)
        .map(|number| json!({"ThingName": format!("pump-{number}"), "CSR": csr}).to_string() + "\n")
        .collect();
    put(home, file);
    let mut server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    let role = registering_role(&aws, home.scratch());
    let readable = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::fleet/*"}});
    let name = role.rsplit('/').next().unwrap();
    aws.call(
        "iam put-role-policy --policy-name read",
        &["--role-name", name, "--policy-document", &readable.to_string()],
    );
    let template = json!({
        "Parameters": {"ThingName": {"Type": "String"}, "CSR": {"Type": "String"}},
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": {"Ref": "ThingName"}}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
                "CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"}},
        },
    });
    let input = json!({"templateBody": template.to_string(), "inputFileBucket": "fleet",
        "inputFileKey": "file", "roleArn": role});
    let mut caller = server.administrator();
    let task = caller
        .must("POST", "/thing-registration-tasks", input)
        .text("taskId");
    let mut acknowledged = 0;
    for round in 0..rounds {
        let before = acknowledged;
        let described = wait(&mut caller, &task, |described| {
            count(described) > before || described["status"] != "InProgress"
        });
        std::thread::sleep(Duration::from_millis(20 + 13 * round));
        acknowledged = count(&described);
        server.signal(Signal::KILL);
        server.ended();
        server = home.start();
        caller = server.administrator();
        let described = describe(&mut caller, &task);
        assert!(
            count(&described) >= acknowledged,
            "lines that were done are not any more"
        );
    }
    let described = wait(&mut caller, &task, |described| {
        described["status"] != "InProgress"
    });
    assert_eq!(
        (
            &described["status"],
            &described["successCount"],
            &described["failureCount"]
        ),
        (&json!("Completed"), &json!(LINES), &json!(0)),
        "{described}"
    );
    let things = caller.list("/things?maxResults=250", "things");
    let names: BTreeSet<&str> = things
        .iter()
        .filter_map(|thing| thing["thingName"].as_str())
        .collect();
    assert_eq!((things.len(), names.len()), (LINES, LINES));
    assert!(things.iter().all(|thing| thing["version"] == 1));
    // A line that was done twice would have made a second certificate.
    let certificates = caller.list("/certificates?pageSize=250", "certificates");
    assert_eq!(certificates.len(), LINES);
    server.stop();
}

/// Puts the file where the server will find it.
fn put(home: &Home, file: String) {
    std::fs::create_dir_all(home.data()).unwrap();
    let directory = Directory::open(
        &home.data().join("objects"),
        Limits::default(),
        Arc::new(SystemClock),
    );
    let directory = directory.unwrap();
    let owner = Owner {
        account: ACCOUNT.parse().unwrap(),
        region: REGION.parse().unwrap(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        directory.create_bucket(&owner, "fleet").await.unwrap();
        let bytes = Box::pin(stream::iter([Ok(file.into())]));
        let new = NewObject::default();
        directory.put(&owner, "fleet", "file", new, bytes).await.unwrap();
    });
}

fn describe(caller: &mut Caller, task: &str) -> Value {
    let target = format!("/thing-registration-tasks/{task}");
    caller.must("GET", &target, Value::Null).body
}

fn wait(caller: &mut Caller, task: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        let described = describe(caller, task);
        if wanted(&described) {
            return described;
        }
        assert!(Instant::now() < deadline, "the task stays {described}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn count(described: &Value) -> u64 {
    described["successCount"].as_u64().unwrap()
}
