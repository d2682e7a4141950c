//! Bulk registration: tasks over a file in a bucket.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use thingsmith_core::metrics::Page;
use thingsmith_core::thing_registration_tasks;
use thingsmith_ports::{NewObject, ObjectError, Objects, Owner};
use thingsmith_testkit::{ACCOUNT, Client, Engine, REGION, TestServer, raw};

use super::query::{done, iam, refused};
use super::{named, testdata};

const BUCKET: &str = "fleet";
const ROLE: &str = "arn:aws:iam::123456789012:role/bulk";

/// A template of a thing, with a certificate for its request if `certificate`.
fn template(certificate: bool) -> Value {
    let mut template = json!({
        "Parameters": {
            "ThingName": {"Type": "String"},
            "Size": {"Type": "String", "Default": "1"},
            "CSR": {"Type": "String", "Default": ""},
        },
        "Resources": {"thing": {"Type": "AWS::IoT::Thing", "Properties": {
            "ThingName": {"Ref": "ThingName"}, "AttributePayload": {"size": {"Ref": "Size"}}}}},
    });
    if certificate {
        template["Resources"]["certificate"] = json!({"Type": "AWS::IoT::Certificate",
            "Properties": {"CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"}});
    }
    template
}

fn owner() -> Owner {
    Owner {
        account: ACCOUNT.parse().unwrap(),
        region: REGION.parse().unwrap(),
    }
}

async fn put(server: &TestServer, key: &str, text: impl Into<Vec<u8>>) {
    let bytes = Box::pin(stream::iter([Ok(text.into().into())]));
    let new = NewObject::default();
    server
        .objects
        .put(&owner(), BUCKET, key, new, bytes)
        .await
        .unwrap();
}

async fn read(objects: &dyn Objects, bucket: &str, key: &str) -> Result<Vec<Value>, ObjectError> {
    let (_, mut bytes) = objects.get(&owner(), bucket, key, 0..u64::MAX).await?;
    let mut text = Vec::new();
    while let Some(piece) = bytes.next().await {
        text.extend_from_slice(&piece?);
    }
    let text = String::from_utf8(text).unwrap();
    Ok(text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect())
}

/// What a report of a task has, all of its parts.
async fn report(server: &TestServer, task: &str, name: &str) -> Vec<Value> {
    let bucket = format!(".reports.{ACCOUNT}.{REGION}");
    let mut lines = Vec::new();
    for part in 1.. {
        let key = format!("{task}/{name}-{part:06}.json");
        match read(&*server.objects, &bucket, &key).await {
            Ok(more) => lines.extend(more),
            Err(ObjectError::NoSuchKey | ObjectError::NoSuchBucket) => break,
            Err(cause) => panic!("{cause}"),
        }
    }
    lines
}

/// The bucket, and a role that may read it and do anything in AWS IoT.
async fn furnish(server: &TestServer) -> Client {
    let admin = server.administrator();
    server.objects.create_bucket(&owner(), BUCKET).await.unwrap();
    make_role(&admin, "bulk", "iot.amazonaws.com", "arn:aws:s3:::fleet/*").await;
    make_role(&admin, "seer", "iot.amazonaws.com", "*").await;
    admin
}

async fn make_role(admin: &Client, name: &str, service: &str, readable: &str) {
    let trust = json!({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}});
    let role = json!({"RoleName": name, "AssumeRolePolicyDocument": trust.to_string()});
    done(iam(admin, "CreateRole", role).await);
    let policy = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": readable},
        {"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]});
    let policy = json!({"RoleName": name, "PolicyName": "all", "PolicyDocument": policy.to_string()});
    done(iam(admin, "PutRolePolicy", policy).await);
}

fn input(key: &str, certificate: bool) -> Value {
    json!({
        "templateBody": template(certificate).to_string(),
        "inputFileBucket": BUCKET,
        "inputFileKey": key,
        "roleArn": ROLE,
    })
}

async fn start(admin: &Client, key: &str, certificate: bool) -> String {
    let reply = named(admin, "StartThingRegistrationTask", input(key, certificate)).await;
    done(reply).text("taskId")
}

async fn describe(admin: &Client, task: &str) -> Value {
    done(named(admin, "DescribeThingRegistrationTask", json!({"taskId": task})).await).json()
}

/// Asks how the task is until it is as wanted.
async fn wait(admin: &Client, task: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let described = describe(admin, task).await;
        if wanted(&described) {
            return described;
        }
        assert!(Instant::now() < deadline, "the task stays {described}");
    }
}

async fn ended(admin: &Client, task: &str) -> Value {
    wait(admin, task, |described| {
        described["status"] != "InProgress" && described["status"] != "Cancelling"
    })
    .await
}

/// Waits until some lines are registered, of a task that a held file keeps from its end.
async fn begun(admin: &Client, task: &str) {
    registered(admin, task, 1).await;
}

/// Waits until so many lines are registered, of a task that a held file keeps from its end.
async fn registered(admin: &Client, task: &str, count: i64) {
    let described = wait(admin, task, |described| {
        described["successCount"].as_i64() >= Some(count)
    })
    .await;
    assert_eq!(described["status"], "InProgress", "{described}");
}

/// Lets no more than so many lines of a file of things be read, until the test releases them.
fn hold(server: &TestServer, lines: usize) {
    server.objects.hold_behind((lines * file(1).len()) as u64);
}

/// The value of a metric of bulk registration, with its labels as they are written.
fn metric(server: &TestServer, name: &str) -> f64 {
    let mut page = Page::default();
    server.deeds.metrics().write(&mut page);
    let text = page.into_text();
    let name = format!("thingsmith_bulk_{name} ");
    let found = text.lines().find_map(|line| line.strip_prefix(&name));
    found
        .unwrap_or_else(|| panic!("{name} is not in\n{text}"))
        .parse()
        .unwrap()
}

/// Waits until a metric has this value: a task is counted just after everybody can see its end.
async fn counted(server: &TestServer, name: &str, value: f64) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while metric(server, name) != value {
        assert!(Instant::now() < deadline, "{name} stays {}", metric(server, name));
        tokio::task::yield_now().await;
    }
}

/// Ends what carries tasks out as a crash does, and lets whoever begins again take them.
async fn crash(server: &mut TestServer) {
    server.crash_registering().await;
    // Until the task is gone it may renew its lease, by the time that the clock has reached then.
    counted(server, "tasks_running", 0.0).await;
    // The lease is not over yet for whoever begins again.
    server.clock.advance(Duration::from_secs(11));
}

async fn things(admin: &Client) -> Vec<String> {
    let mut names = Vec::new();
    let mut input = json!({"maxResults": 250});
    loop {
        let page = done(named(admin, "ListThings", input.clone()).await).json();
        let things = page["things"].as_array().unwrap();
        names.extend(
            things
                .iter()
                .map(|thing| thing["thingName"].as_str().unwrap().to_owned()),
        );
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return names,
        }
    }
}

/// A file of things without certificates.
fn file(count: usize) -> String {
    (0..count)
        .map(|number| format!("{{\"ThingName\": \"pump-{number:05}\"}}\n"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_is_registered_or_reported_with_its_number_and_reason() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = furnish(&server).await;
        let csr = testdata!("request-p256.csr");
        let line = |name: &str| json!({"ThingName": name, "CSR": csr}).to_string();
        let too_long = format!("{{\"ThingName\": \"{}\"}}", "x".repeat(256_001 - 17));
        assert_eq!(too_long.len(), 256_001);
        let lines = [
            line("pump-1"),
            "{\"ThingName\": ".to_owned(),
            line("pump-3"),
            String::new(),
            too_long,
            json!({"ThingName": "pump-6", "CSR": csr, "Size": ""}).to_string(),
            json!({"Size": "2"}).to_string(),
            json!({"ThingName": "pump-8", "CSR": "none"}).to_string(),
            "[1]".to_owned(),
            json!({"ThingName": "a b", "CSR": csr}).to_string(),
            line("pump-11"),
        ];
        put(&server, "dir/fleet.json", lines.join("\r\n")).await;
        let task = start(&admin, "dir/fleet.json", true).await;
        let described = ended(&admin, &task).await;
        assert_eq!(
            json!([
                described["status"],
                described["successCount"],
                described["failureCount"],
                described["percentageProgress"],
                described["message"],
                described["inputFileBucket"],
                described["inputFileKey"],
                described["roleArn"],
                described["taskId"],
            ]),
            json!(["Completed", 4, 6, 100, null, BUCKET, "dir/fleet.json", ROLE, task]),
            "{described}"
        );
        assert_eq!(described["templateBody"], template(true).to_string());
        assert_eq!(things(&admin).await, ["pump-1", "pump-11", "pump-3", "pump-6"]);
        let sixth = named(&admin, "DescribeThing", json!({"thingName": "pump-6"})).await;
        assert_eq!(done(sixth).json()["attributes"], json!({"size": "1"}));
        let results = report(&server, &task, "results").await;
        let numbers: Vec<_> = results
            .iter()
            .map(|line| line["lineNumber"].as_i64().unwrap())
            .collect();
        assert_eq!(numbers, [1, 3, 6, 11]);
        let mut offset = 0;
        for (number, line) in lines.iter().enumerate() {
            if let Some(result) = results.iter().find(|result| result["lineNumber"] == number + 1) {
                assert_eq!(result["offset"], offset);
                let response = &result["response"];
                let name = result["response"]["ResourceArns"]["thing"].as_str().unwrap();
                assert!(line.contains(name.rsplit('/').next().unwrap()));
                let id = response["ResourceArns"]["certificate"]
                    .as_str()
                    .unwrap()
                    .rsplit('/')
                    .next()
                    .unwrap();
                let found = named(&admin, "DescribeCertificate", json!({"certificateId": id})).await;
                let found = done(found).json();
                assert_eq!(
                    found["certificateDescription"]["certificatePem"],
                    response["CertificatePem"]
                );
            }
            offset += line.len() + 2;
        }
        let links = async |client: &Client, kind: &str| {
            let input = json!({"taskId": task, "reportType": kind});
            named(client, "ListThingRegistrationTaskReports", input).await
        };
        for (kind, count) in [("RESULTS", 4), ("ERRORS", 6)] {
            let listed = done(links(&admin, kind).await).json();
            assert_eq!(listed["reportType"], kind);
            let [link] = listed["resourceLinks"].as_array().unwrap().as_slice() else {
                panic!("{listed}");
            };
            let target = link
                .as_str()
                .unwrap()
                .strip_prefix(&format!("http://{}", server.address))
                .unwrap();
            let request = format!(
                "GET {target} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n",
                server.address
            );
            let reply = done(raw(server.address, request.as_bytes()).await);
            assert_eq!(reply.to_string().matches("lineNumber").count(), count, "{reply}");
            server.clock.advance(Duration::from_secs(3601));
            assert_eq!(raw(server.address, request.as_bytes()).await.status, 403);
        }
        // Another realm does not have it.
        let other = admin.clone().region("eu-west-1");
        refused(&links(&other, "RESULTS").await, 400, "InvalidRequestException");
        let input = json!({"taskId": task});
        for operation in ["DescribeThingRegistrationTask", "StopThingRegistrationTask"] {
            let reply = named(&other, operation, input.clone()).await;
            refused(&reply, 404, "ResourceNotFoundException");
        }
        assert_eq!(metric(&server, "lines_total{outcome=\"registered\"}"), 4.0);
        assert_eq!(metric(&server, "lines_total{outcome=\"failed\"}"), 6.0);
        let errors = report(&server, &task, "errors").await;
        let told: Vec<_> = errors
            .iter()
            .map(|line| {
                (
                    line["lineNumber"].as_i64().unwrap(),
                    line["errorMessage"].as_str().unwrap(),
                )
            })
            .collect();
        for ((number, message), (expected, part)) in told.iter().zip([
            (2, "no JSON"),
            (5, "256000 characters"),
            (7, "ThingName"),
            (8, "certificateSigningRequest"),
            (9, "no JSON object"),
            (10, "Resources.thing"),
        ]) {
            assert_eq!(*number, expected);
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(told.len(), 6);
        assert!(
            errors
                .iter()
                .all(|line| line["errorCode"] == "InvalidRequestException"),
            "{errors:?}"
        );
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_refused_that_cannot_be_done() {
    for engine in Engine::available() {
        let everything = r#"{"Version":"2012-10-17","Statement":[
            {"Effect":"Allow","Action":"iot:StartThingRegistrationTask","Resource":"*"},
            {"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::123456789012:role/other"}]}"#;
        let builder = TestServer::builder()
            .engine(engine)
            .key("AKIDALMOST", ACCOUNT, &[everything]);
        let server = builder.start().await;
        let admin = furnish(&server).await;
        put(&server, "file", file(1)).await;
        make_role(&admin, "lambda", "lambda.amazonaws.com", "*").await;
        make_role(&admin, "blind", "iot.amazonaws.com", "arn:aws:s3:::fleet/other").await;
        let whole = input("file", false);
        for (member, value, part) in [
            ("inputFileBucket", "none", "inputFileBucket none does not exist"),
            ("inputFileKey", "none", "inputFileKey none does not exist"),
            ("roleArn", "arn:aws:iam::123456789012:role/none", "is not there"),
            (
                "roleArn",
                "arn:aws:iam::210987654321:role/bulk",
                "another account",
            ),
            (
                "roleArn",
                "arn:aws:iam::123456789012:role/lambda",
                "does not let the service",
            ),
            (
                "roleArn",
                "arn:aws:iam::123456789012:role/blind",
                "s3:GetObject on resource: arn:aws:s3:::fleet/file",
            ),
            ("templateBody", "{", "templateBody: "),
            ("templateBody", "{}", "templateBody: "),
        ] {
            let mut wrong = whole.clone();
            if member == "inputFileBucket" {
                // What a role may not read, it is not told of.
                wrong["roleArn"] = "arn:aws:iam::123456789012:role/seer".into();
            }
            wrong[member] = value.into();
            let reply = named(&admin, "StartThingRegistrationTask", wrong).await;
            refused(&reply, 400, "InvalidRequestException");
            assert!(reply.message().contains(part), "{member} {value}: {reply}");
        }
        let almost = server.client("AKIDALMOST");
        let reply = named(&almost, "StartThingRegistrationTask", whole).await;
        refused(&reply, 403, "AccessDeniedException");
        assert!(reply.message().contains("iam:PassRole"), "{reply}");
        let listed = named(&admin, "ListThingRegistrationTasks", json!({})).await;
        assert_eq!(done(listed).json(), json!({"taskIds": []}));
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_without_lines_fails() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = furnish(&server).await;
        for text in ["", "\n \r\n\n"] {
            put(&server, "file", text).await;
            let task = start(&admin, "file", false).await;
            let described = ended(&admin, &task).await;
            assert_eq!(described["status"], "Failed");
            assert_eq!(
                described["message"],
                "The file file in the bucket fleet has no lines."
            );
        }
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_is_stopped_and_what_it_did_stays() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = furnish(&server).await;
        put(&server, "file", file(4000)).await;
        hold(&server, 2000);
        let task = start(&admin, "file", false).await;
        begun(&admin, &task).await;
        assert_eq!(metric(&server, "tasks_running"), 1.0);
        // There is one at a time.
        let second = named(&admin, "StartThingRegistrationTask", input("file", false)).await;
        refused(&second, 400, "InvalidRequestException");
        assert!(second.message().contains(&task), "{second}");
        let stop = async || named(&admin, "StopThingRegistrationTask", json!({"taskId": task})).await;
        assert_eq!(done(stop().await).json(), json!({}));
        done(stop().await);
        let described = ended(&admin, &task).await;
        assert_eq!(described["status"], "Cancelled");
        let count = usize::try_from(described["successCount"].as_i64().unwrap()).unwrap();
        assert!((1..4000).contains(&count), "{described}");
        assert!(described["percentageProgress"].as_i64().unwrap() < 100);
        assert_eq!(things(&admin).await.len(), count);
        assert_eq!(report(&server, &task, "results").await.len(), count);
        done(stop().await);

        server.objects.release();
        put(&server, "small", file(1)).await;
        let next = start(&admin, "small", false).await;
        assert_eq!(ended(&admin, &next).await["status"], "Completed");
        counted(&server, "tasks_total{status=\"Cancelled\"}", 1.0).await;
        counted(&server, "tasks_total{status=\"Completed\"}", 1.0).await;
        counted(&server, "tasks_running", 0.0).await;
        assert_eq!(metric(&server, "tasks_total{status=\"Failed\"}"), 0.0);
        assert_eq!(
            metric(&server, "lines_total{outcome=\"registered\"}"),
            count as f64 + 1.0
        );
        assert_eq!(metric(&server, "lines_total{outcome=\"failed\"}"), 0.0);
        assert!(metric(&server, "seconds_total") > 0.0);
        let late = named(&admin, "StopThingRegistrationTask", json!({"taskId": next})).await;
        refused(&late, 400, "InvalidRequestException");
        let list = async |input: Value| done(named(&admin, "ListThingRegistrationTasks", input).await).json();
        assert_eq!(list(json!({})).await, json!({"taskIds": [next, task]}));
        assert_eq!(
            list(json!({"status": "Cancelled"})).await,
            json!({"taskIds": [task]})
        );
        assert_eq!(list(json!({"status": "Failed"})).await, json!({"taskIds": []}));
        let page = list(json!({"maxResults": 1})).await;
        assert_eq!(page["taskIds"], json!([next]));
        let token = page["nextToken"].clone();
        let rest = list(json!({"maxResults": 1, "nextToken": token})).await;
        assert_eq!(rest, json!({"taskIds": [task]}));
        let other = json!({"status": "Cancelled", "nextToken": token});
        let forged = named(&admin, "ListThingRegistrationTasks", other).await;
        refused(&forged, 400, "InvalidRequestException");
        for operation in ["DescribeThingRegistrationTask", "StopThingRegistrationTask"] {
            let reply = named(&admin, operation, json!({"taskId": "none"})).await;
            refused(&reply, 404, "ResourceNotFoundException");
        }
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_another_goes_on_and_does_no_line_twice() {
    for engine in Engine::available() {
        let mut server = TestServer::builder().engine(engine).start().await;
        let admin = furnish(&server).await;
        let count = 3000;
        put(&server, "file", file(count)).await;
        hold(&server, 500);
        let task = start(&admin, "file", false).await;
        for lines in [500, 1000, 1500] {
            hold(&server, lines);
            // In the middle of the lines that were let go last.
            registered(&admin, &task, lines as i64 - 400).await;
            crash(&mut server).await;
        }
        server.objects.release();
        let described = ended(&admin, &task).await;
        assert_eq!(described["status"], "Completed", "{described}");
        assert_eq!(described["successCount"], count);
        assert_eq!(things(&admin).await.len(), count);
        let results = report(&server, &task, "results").await;
        let numbers: Vec<_> = results
            .iter()
            .map(|line| line["lineNumber"].as_u64().unwrap())
            .collect();
        assert_eq!(numbers, (1..=count as u64).collect::<Vec<_>>());
        // Each was made once: none was overridden by a second registration.
        let thing = named(&admin, "DescribeThing", json!({"thingName": "pump-00000"})).await;
        assert_eq!(done(thing).json()["version"], 1);
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_share_no_task() {
    let server = TestServer::builder().engine(Engine::Postgres);
    if !Engine::available().contains(&Engine::Postgres) {
        return;
    }
    let server = server.start().await;
    let admin = furnish(&server).await;
    let other = server.another_node().await.unwrap();
    let other = tokio::spawn(thing_registration_tasks::run(
        other,
        false,
        std::future::pending(),
    ));
    put(&server, "file", file(1500)).await;
    let csr = testdata!("request-p256.csr");
    let lines: String = (0..300)
        .map(|number| json!({"ThingName": format!("valve-{number}"), "CSR": csr}).to_string() + "\n")
        .collect();
    put(&server, "requests", lines).await;
    hold(&server, 700);
    let task = start(&admin, "file", false).await;
    // Whoever has it believes that it still has when another takes it.
    begun(&admin, &task).await;
    server.clock.advance(Duration::from_secs(3600));
    server.objects.release();
    let described = ended(&admin, &task).await;
    assert_eq!(
        (&described["status"], &described["successCount"]),
        (&json!("Completed"), &json!(1500))
    );
    let task = start(&admin, "requests", true).await;
    server.clock.advance(Duration::from_secs(3600));
    let described = ended(&admin, &task).await;
    assert_eq!(
        (&described["status"], &described["successCount"]),
        (&json!("Completed"), &json!(300))
    );
    let mut certificates = BTreeSet::new();
    for line in report(&server, &task, "results").await {
        certificates.insert(
            line["response"]["ResourceArns"]["certificate"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    let listed = named(&admin, "ListCertificates", json!({"pageSize": 250})).await;
    assert_eq!(certificates.len(), 300);
    assert_eq!(done(listed).json()["certificates"].as_array().unwrap().len(), 250);
    other.abort();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_ends_with_the_version_of_the_file_that_it_began_with() {
    for engine in Engine::available() {
        let mut server = TestServer::builder().engine(engine).start().await;
        let admin = furnish(&server).await;
        put(&server, "file", file(2500)).await;
        hold(&server, 1000);
        let task = start(&admin, "file", false).await;
        begun(&admin, &task).await;
        put(&server, "file", "{\"ThingName\": \"other\"}\n").await;
        server.objects.release();
        let described = ended(&admin, &task).await;
        assert_eq!(
            (&described["status"], &described["successCount"]),
            (&json!("Completed"), &json!(2500))
        );

        // Whoever goes on with it after a crash finds another file.
        put(&server, "file", file(2500)).await;
        hold(&server, 1000);
        let task = start(&admin, "file", false).await;
        begun(&admin, &task).await;
        put(&server, "file", "{\"ThingName\": \"other\"}\n").await;
        crash(&mut server).await;
        server.objects.release();
        let described = ended(&admin, &task).await;
        assert_eq!(described["status"], "Failed");
        assert!(
            described["message"].as_str().unwrap().contains("was replaced"),
            "{described}"
        );
        let count = described["successCount"].as_u64().unwrap();
        assert_eq!(report(&server, &task, "results").await.len() as u64, count);
        assert!(!things(&admin).await.contains(&"other".to_owned()));
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_acts_as_its_role_as_long_as_that_is_there() {
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = furnish(&server).await;
        // It may make things of one kind only.
        let policy = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"},
            {"Effect": "Allow", "Action": "iot:CreateThing",
             "Resource": "arn:aws:iot:us-east-1:123456789012:thing/pump-*"}]});
        let policy = json!({"RoleName": "bulk", "PolicyName": "all", "PolicyDocument": policy.to_string()});
        done(iam(&admin, "PutRolePolicy", policy).await);
        put(
            &server,
            "file",
            "{\"ThingName\": \"pump-1\"}\n{\"ThingName\": \"valve-1\"}",
        )
        .await;
        let task = start(&admin, "file", false).await;
        let described = ended(&admin, &task).await;
        assert_eq!(
            (&described["successCount"], &described["failureCount"]),
            (&json!(1), &json!(1))
        );
        let errors = report(&server, &task, "errors").await;
        assert_eq!(errors[0]["errorCode"], "AccessDeniedException");
        let message = errors[0]["errorMessage"].as_str().unwrap();
        assert!(message.contains("assumed-role/bulk/BulkRegistration-") && message.contains("thing/valve-1"));

        put(&server, "file", file(4000)).await;
        hold(&server, 2000);
        let task = start(&admin, "file", false).await;
        begun(&admin, &task).await;
        done(
            iam(
                &admin,
                "DeleteRolePolicy",
                json!({"RoleName": "bulk", "PolicyName": "all"}),
            )
            .await,
        );
        done(iam(&admin, "DeleteRole", json!({"RoleName": "bulk"})).await);
        server.clock.advance(Duration::from_secs(2));
        let described = ended(&admin, &task).await;
        assert_eq!(described["status"], "Failed");
        assert!(
            described["message"].as_str().unwrap().contains("roleArn"),
            "{described}"
        );
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_has_thirty_days_and_so_has_what_it_leaves() {
    let month = Duration::from_secs(30 * 24 * 3600);
    for engine in Engine::available() {
        let server = TestServer::builder().engine(engine).start().await;
        let admin = furnish(&server).await;
        put(&server, "file", file(4000)).await;
        hold(&server, 2000);
        let task = start(&admin, "file", false).await;
        begun(&admin, &task).await;
        server.clock.advance(month);
        let described = ended(&admin, &task).await;
        assert_eq!(
            (&described["status"], &described["message"]),
            (&json!("Failed"), &json!("The task was not done within 30 days."))
        );
        let sweep = async || {
            thing_registration_tasks::sweep(&Arc::clone(&server.deeds))
                .await
                .unwrap()
        };
        server.clock.advance(month - Duration::from_secs(1));
        sweep().await;
        describe(&admin, &task).await;
        assert!(!report(&server, &task, "results").await.is_empty());
        server.clock.advance(Duration::from_secs(2));
        sweep().await;
        let gone = named(&admin, "DescribeThingRegistrationTask", json!({"taskId": task})).await;
        refused(&gone, 404, "ResourceNotFoundException");
        assert!(report(&server, &task, "results").await.is_empty());
        server.stop().await;
    }
}
