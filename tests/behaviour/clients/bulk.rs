//! Bulk registration by the AWS CLI, from `aws s3 cp` to the downloaded report, and by `thingsmith import`.

use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::aws_cli::Aws;
use super::{installed, on_postgresql, registering_role, text, with_aws_environment};
use crate::server::{Home, Server, program};

const BUCKET: &str = "fleet-of-the-works";

#[test]
fn the_cli_registers_a_file_of_devices() {
    registers_a_file(&Home::sqlite());
}

#[test]
fn the_cli_registers_a_file_of_devices_on_postgresql() {
    on_postgresql(registers_a_file);
}

fn template() -> String {
    json!({
        "Parameters": {"ThingName": {"Type": "String"}, "SerialNumber": {"Type": "String"}, "CSR": {"Type": "String"}},
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {
                "ThingName": {"Ref": "ThingName"}, "AttributePayload": {"serialNumber": {"Ref": "SerialNumber"}}}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": {
                "CertificateSigningRequest": {"Ref": "CSR"}, "Status": "ACTIVE"}},
        },
    })
    .to_string()
}

/// Lines of devices, the second of which is broken.
fn lines(name: &str) -> String {
    let csr = include_str!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../testdata/certificates/request-p256.csr"
    ));
    let line = |number: usize| match number {
        2 => "{\"ThingName\": \"broken\"\n".to_owned(),
        number => {
            json!({"ThingName": format!("{name}-{number}"), "SerialNumber": number.to_string(), "CSR": csr})
                .to_string()
                + "\n"
        }
    };
    (1..=20).map(line).collect()
}

/// A role that registers devices and reads the bucket.
fn role(aws: &Aws<'_>, home: &Home) -> String {
    let role = registering_role(aws, home.scratch());
    let name = role.rsplit('/').next().unwrap();
    let readable = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Action": "s3:GetObject", "Resource": format!("arn:aws:s3:::{BUCKET}/*")}});
    aws.call(
        "iam put-role-policy --policy-name read",
        &["--role-name", name, "--policy-document", &readable.to_string()],
    );
    role
}

fn registers_a_file(home: &Home) {
    let server = home.start();
    let Some(aws) = Aws::new(&server) else { return };
    if !installed("curl") {
        return;
    }
    let role = role(&aws, home);
    let directory = home.scratch();
    let (file, body) = (directory.join("fleet.json"), directory.join("bulk-template.json"));
    std::fs::write(&file, lines("pump")).unwrap();
    std::fs::write(&body, template()).unwrap();
    let address = format!("s3://{BUCKET}");
    succeeded(aws.run("s3 mb", &[&address]));
    succeeded(aws.run("s3 cp", &[&file.display().to_string(), &format!("{address}/")]));
    let started = aws.call(
        "iot start-thing-registration-task --input-file-key fleet.json",
        &[
            "--template-body",
            &format!("file://{}", body.display()),
            "--input-file-bucket",
            BUCKET,
            "--role-arn",
            &role,
        ],
    );
    let task = started["taskId"].as_str().unwrap();
    let described = ended(&aws, task);
    assert_eq!(
        json!([
            described["status"],
            described["successCount"],
            described["failureCount"],
            described["percentageProgress"]
        ]),
        json!(["Completed", 19, 1, 100])
    );
    let report = |kind: &str| -> Vec<Value> {
        let listed = aws.call(
            "iot list-thing-registration-task-reports",
            &["--task-id", task, "--report-type", kind],
        );
        let links = listed["resourceLinks"].as_array().unwrap();
        let got = links.iter().map(|link| curl(link.as_str().unwrap()));
        let lines = got.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
        lines.map(|line| serde_json::from_str(&line).unwrap()).collect()
    };
    let results = report("RESULTS");
    let numbers: Vec<_> = results
        .iter()
        .map(|line| line["lineNumber"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [1].into_iter().chain(3..=20).collect::<Vec<_>>());
    for line in &results {
        let response = &line["response"];
        let arn = response["ResourceArns"]["certificate"].as_str().unwrap();
        let id = arn.rsplit('/').next().unwrap();
        let found = aws.call("iot describe-certificate --certificate-id", &[id]);
        assert_eq!(
            found["certificateDescription"]["certificatePem"],
            response["CertificatePem"]
        );
        if line["lineNumber"] == 4 {
            break;
        }
    }
    let errors = report("ERRORS");
    assert_eq!((errors.len(), &errors[0]["lineNumber"]), (1, &json!(2)));
    let listed = aws.call("iot list-thing-registration-tasks --status Completed", &[]);
    assert_eq!(listed["taskIds"], json!([task]));
    let late = aws.refused("iot stop-thing-registration-task --task-id", &[task]);
    assert!(late.starts_with("(InvalidRequestException)"), "{late}");
    imports(home, &server, &aws, &role);
}

/// The same from a terminal, and again by what the data directory says alone.
fn imports(home: &Home, server: &Server<'_>, aws: &Aws<'_>, role: &str) {
    let (id, secret) = server.credentials();
    let file = home.scratch().join("more.json");
    std::fs::write(&file, lines("valve")).unwrap();
    let body = home.scratch().join("bulk-template.json");
    let words = |command: &mut Command| {
        command.arg("import").arg(&file).arg("--template").arg(&body);
        command.args(["--role", role, "--bucket", BUCKET]);
    };
    let mut command = with_aws_environment(&program(), server, (&id, &secret));
    words(&mut command);
    let output = command.arg("--watch").output().unwrap();
    let said = text(&output);
    // One line failed.
    assert_eq!(output.status.code(), Some(1), "{said}");
    for part in [
        "20 lines are in s3://fleet-of-the-works/more.json",
        "Completed: 19 registered, 1 failed",
        "results: http://",
        "errors: http://",
    ] {
        assert!(said.contains(part), "{said}");
    }
    // Where nobody sits, it says how far it is in lines, of which the last has the totals.
    assert!(said.contains("\n100 %  20 of 20 lines, 1 failed"), "{said}");
    let progress = said.lines().filter(|line| line.contains(" of 20 lines, "));
    assert!(progress.count() <= 21, "{said}");
    assert!(!said.contains(['\r', '\x1b', '#']), "{said}");
    shows_a_bar(&command);
    for flag in [None, Some("--no-watch")] {
        let mut command = Command::new(program());
        words(&mut command);
        command
            .env_clear()
            .arg("--data-dir")
            .arg(server.data())
            .args(flag);
        let said = succeeded(command.output().unwrap());
        let (_, task) = said
            .trim_end()
            .rsplit_once("aws iot describe-thing-registration-task --task-id ")
            .unwrap_or_else(|| panic!("{said}"));
        assert_eq!(said.lines().count(), 3, "{said}");
        ended(aws, task);
    }
}

/// Runs an import at a terminal, as the program `script` makes one.
fn shows_a_bar(import: &Command) {
    if !installed("script") {
        return;
    }
    let quoted = |word: &std::ffi::OsStr| format!("'{}'", word.to_str().unwrap());
    let mut line = quoted(import.get_program());
    for word in import.get_args().filter(|word| *word != "--watch") {
        line = format!("{line} {}", quoted(word));
    }
    let mut terminal = Command::new("script");
    terminal
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .env_clear()
        .envs(import.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .stdin(std::process::Stdio::null());
    let output = terminal.output().unwrap();
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let bar = format!("\r\x1b[K[{}] 100 %  20 of 20 lines, 1 failed", "#".repeat(30));
    assert!(said.contains(&bar), "{said:?}");
    let (_, after) = said.rsplit_once(&bar).unwrap();
    // What comes of it begins on a line of its own.
    assert!(
        after.contains("\r\nCompleted: 19 registered, 1 failed\r\n"),
        "{said:?}"
    );
}

fn ended(aws: &Aws<'_>, task: &str) -> Value {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let described = aws.call("iot describe-thing-registration-task --task-id", &[task]);
        if described["status"] != "InProgress" {
            return described;
        }
        assert!(Instant::now() < deadline, "{described}");
    }
}

fn curl(link: &str) -> String {
    succeeded(
        Command::new("curl")
            .args(["-sS", "--fail", link])
            .output()
            .unwrap(),
    )
}

fn succeeded(output: Output) -> String {
    assert!(output.status.success(), "{}", text(&output));
    String::from_utf8(output.stdout).unwrap()
}
