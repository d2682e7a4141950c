//! `thingsmith claim`: what an operator says of claims and serial numbers, and what devices at the gateway notice of it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use thingsmith_agent::Client;

use super::{text, thingsmith};
use crate::clients::venv;
use crate::fleet::{Fleet, give};
use crate::server::{Home, Server};

/// Exit code, output and complaints of a command.
type Said = (Option<i32>, String, String);

fn claim(data: &Path, words: &[&str]) -> Said {
    let flags = ["--data-dir", data.to_str().unwrap()];
    let output = thingsmith(&[&["claim"], words, &flags].concat());
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// An operator at the machine of a server, and devices of its fleet.
struct Operator<'s> {
    server: &'s Server<'s>,
    fleet: Fleet<'s>,
    files: PathBuf,
    client: Client,
}

impl<'s> Operator<'s> {
    async fn new(home: &Home, server: &'s Server<'s>, venv: &Path) -> Self {
        let fleet = Fleet::make(venv, server, &json!({"fleet": null}), &json!({}));
        let client = fleet.connect("claim").await;
        Self {
            server,
            fleet,
            files: home.scratch().to_owned(),
            client,
        }
    }

    fn claim(&self, words: &[&str]) -> Said {
        claim(&self.server.data(), words)
    }

    /// Has a command do what it says, and gives back what it prints.
    fn must(&self, words: &[&str]) -> String {
        let (code, said, complained) = self.claim(words);
        assert_eq!((code, complained.as_str()), (Some(0), ""), "{words:?}: {said}");
        said
    }

    /// A file with these lines.
    fn file(&self, lines: &str) -> String {
        let path = self.files.join("serials.txt");
        std::fs::write(&path, lines).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn allow(&self, lines: &str, more: &[&str]) -> String {
        let file = self.file(lines);
        self.must(&[&["allow", "--template", "fleet", "--file", &file], more].concat())
    }

    /// Whether the device of a serial number is registered; else it must be denied.
    async fn registers(&mut self, serial_number: &str) -> bool {
        let given = give(&mut self.client).await.unwrap();
        match given.register(&mut self.client, "fleet", serial_number).await {
            Ok(thing) => {
                assert_eq!(thing, format!("pump-{serial_number}"));
                true
            }
            Err(rejected) => {
                assert_eq!(rejected, (403, "AccessDenied".to_owned()), "{serial_number}");
                false
            }
        }
    }

    /// The serial numbers among these that are registered.
    async fn passing<'n>(&mut self, serial_numbers: &[&'n str]) -> Vec<&'n str> {
        let mut passing = Vec::new();
        for serial_number in serial_numbers {
            if self.registers(serial_number).await {
                passing.push(*serial_number);
            }
        }
        passing
    }

    /// The audit's exit code and its lines.
    fn audit(&self) -> (Option<i32>, Vec<Value>) {
        let (code, said, complained) = self.claim(&["audit", "--json"]);
        assert_eq!(complained, "");
        let lines = said.lines().map(|line| serde_json::from_str(line).unwrap());
        (code, lines.collect())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_says_who_may_register() {
    says_who_may_register(Home::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_says_who_may_register_on_postgresql() {
    if let Some(home) = tokio::task::block_in_place(Home::postgres) {
        says_who_may_register(home).await;
    }
}

async fn says_who_may_register(home: Home) {
    let Some(venv) = venv() else { return };
    let server = home.start();
    let mut operator = Operator::new(&home, &server, &venv).await;
    assert_eq!(operator.passing(&["free"]).await, ["free"]);

    let said = operator.allow("# batch a\n\n 1 \r\n2\n", &["--batch", "a"]);
    assert_eq!(said, "fleet allows 2 serial numbers\n");
    let said = operator.allow("3\n", &["--batch", "b", "--expires", "90days"]);
    assert_eq!(said, "fleet allows 3 serial numbers\n");
    let all = ["1", "2", "3", "free", "# batch a"];
    assert_eq!(operator.passing(&all).await, ["1", "2", "3"]);
    // What is said of a serial number again replaces what was said before.
    operator.allow("3\n", &["--batch", "b", "--expires", "2020-01-01"]);
    assert_eq!(operator.passing(&all).await, ["1", "2"]);
    operator.allow("3\n", &["--batch", "b"]);
    // A claim of one batch.
    let id = operator.fleet.id.clone();
    operator.must(&["limit", &id, "--devices", "100", "--batch", "b"]);
    assert_eq!(operator.passing(&all).await, ["3"]);
    operator.must(&["limit", &id, "--none"]);
    assert_eq!(operator.passing(&all).await, ["1", "2", "3"]);
    // Another parameter.
    operator.allow("1\n", &["--parameter", "Colour"]);
    assert_eq!(operator.passing(&all).await, [""; 0]);
    operator.allow("1\n", &[]);

    let file = operator.file("1\nnone\n");
    let said = operator.must(&["disallow", "--template", "fleet", "--file", &file]);
    assert_eq!(said, "fleet allows 2 serial numbers\n");
    assert_eq!(operator.passing(&all).await, ["2", "3"]);
    let file = operator.file("2\n3\n");
    let said = operator.must(&["disallow", "--template", "fleet", "--file", &file]);
    assert_eq!(said, "fleet allows 0 serial numbers\n");
    assert_eq!(operator.passing(&all).await, [""; 0]);
    let said = operator.must(&["disallow", "--template", "fleet", "--remove-list"]);
    assert_eq!(said, "fleet has no allow list\n");
    assert_eq!(operator.passing(&["1", "free"]).await, ["1", "free"]);

    // A list of many, and of long ones: as many questions as it takes.
    let many: String = (0..1200).map(|number| format!("serial-{number}\n")).collect();
    assert_eq!(operator.allow(&many, &[]), "fleet allows 1200 serial numbers\n");
    let long: String = (0..600).map(|number| format!("{number:04000}\n")).collect();
    assert_eq!(operator.allow(&long, &[]), "fleet allows 1800 serial numbers\n");
    let (first, last) = ("serial-0", "serial-1199");
    assert_eq!(operator.passing(&["1", first, last]).await, [first, last]);
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_says_how_many_devices_carry_a_claim() {
    let Some(venv) = venv() else { return };
    let home = Home::sqlite();
    let server = home.start();
    let mut operator = Operator::new(&home, &server, &venv).await;
    let id = operator.fleet.id.clone();
    assert_eq!(operator.audit(), (Some(0), Vec::new()));
    assert_eq!(
        operator.claim(&["audit"]),
        (Some(0), String::new(), String::new())
    );

    operator.must(&["limit", &id, "--devices", "2", "--batch", "line 4"]);
    let few = ["1", "2"];
    assert_eq!(operator.passing(&few).await, few);
    let (code, found) = operator.audit();
    assert_eq!((code, found.len()), (Some(0), 1));
    assert_eq!(
        (
            &found[0]["claim"],
            &found[0]["registrations"],
            &found[0]["devices"]
        ),
        (&json!(id), &json!(2), &json!(2))
    );
    assert_eq!(
        (&found[0]["batch"], &found[0]["refuse"], &found[0]["over"]),
        (&json!("line 4"), &json!(false), &json!(false))
    );
    assert_eq!(operator.must(&["audit", "--over"]), "");
    // One more is reported, by the exit code too.
    assert!(operator.registers("3").await);
    let (code, found) = operator.audit();
    assert_eq!((code, &found[0]["over"]), (Some(1), &json!(true)));
    let (code, said, _) = operator.claim(&["audit", "--over"]);
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with(&format!("{id}  3 registrations, first 20")),
        "{said}"
    );
    assert!(
        said.ends_with("; 2 devices carry it, batch line 4  USED TOO OFTEN\n"),
        "{said}"
    );
    assert!(home.log().contains("more registrations than there are devices"));

    // And refused, if the operator says so.
    operator.must(&["limit", &id, "--devices", "4", "--refuse"]);
    assert_eq!(operator.passing(&["4", "5"]).await, ["4"]);
    let (code, found) = operator.audit();
    assert_eq!((code, &found[0]["registrations"]), (Some(0), &json!(4)));
    assert_eq!(found[0]["batch"], Value::Null);
    operator.must(&["limit", &id, "--none"]);
    assert!(operator.registers("5").await);
    let (code, found) = operator.audit();
    assert_eq!((code, &found[0]["devices"]), (Some(0), &Value::Null));
    // Another account has seen nothing of it.
    let other = ["audit", "--account", "210987654321"];
    assert_eq!(operator.claim(&other), (Some(0), String::new(), String::new()));
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_operator_cannot_say_of_claims_is_a_sentence_and_a_code() {
    let Some(venv) = venv() else { return };
    let home = Home::sqlite();
    let server = home.start();
    let operator = Operator::new(&home, &server, &venv).await;
    let id = operator.fleet.id.clone();
    let path = |name: &str, lines: &str| {
        let path = operator.files.join(name);
        std::fs::write(&path, lines).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = path("good", "1\n");
    let (empty, long) = (path("empty", "# none\n\n"), path("long", &"x".repeat(4097)));
    let control = path("control", "a\u{7}b\n");
    let binary = operator.files.join("binary");
    std::fs::write(&binary, [0xff, 0xfe]).unwrap();
    let (binary, absent) = (binary.to_str().unwrap(), operator.files.join("absent"));
    let absent = absent.to_str().unwrap();
    let batch = "b".repeat(129);
    let cases: &[(&[&str], &str)] = &[
        (
            &["allow", "--template", "fleet", "--file", absent],
            "cannot be read",
        ),
        (
            &["allow", "--template", "fleet", "--file", binary],
            "cannot be read",
        ),
        (
            &["allow", "--template", "fleet", "--file", &empty],
            "has no serial number",
        ),
        (
            &["allow", "--template", "fleet", "--file", &long],
            "serialNumber has 4097 characters",
        ),
        (
            &["allow", "--template", "fleet", "--file", &control],
            "has control characters",
        ),
        (&["allow", "--template", "absent", "--file", &good], "absent"),
        (
            &["allow", "--template", "a b", "--file", &good],
            "must not contain",
        ),
        (
            &["allow", "--template", "fleet", "--file", &good, "--batch", &batch],
            "batch has 129",
        ),
        (
            &["allow", "--template", "fleet", "--file", &good, "--batch", ""],
            "batch is empty",
        ),
        (
            &["allow", "--template", "fleet", "--file", &good, "--parameter", ""],
            "parameter is empty",
        ),
        (
            &[
                "allow",
                "--template",
                "fleet",
                "--file",
                &good,
                "--expires",
                "soon",
            ],
            "no duration such as 90days",
        ),
        (
            &[
                "allow",
                "--template",
                "fleet",
                "--file",
                &good,
                "--expires",
                "1960-01-01",
            ],
            "it is",
        ),
        (&["allow", "--template", "fleet"], "--file"),
        (&["allow", "--file", &good], "--template"),
        (&["disallow", "--template", "fleet"], "--file"),
        (
            &[
                "disallow",
                "--template",
                "fleet",
                "--file",
                &good,
                "--remove-list",
            ],
            "cannot be used with",
        ),
        (&["disallow", "--template", "absent", "--remove-list"], "absent"),
        (
            &["disallow", "--template", "fleet", "--file", absent],
            "cannot be read",
        ),
        (&["limit", &id], "--devices"),
        (&["limit", "--devices", "5"], "CERTIFICATE_ID"),
        (&["limit", &id, "--devices", "0"], "devices is 0"),
        (&["limit", &id, "--devices", "-1"], "-1"),
        (&["limit", &id, "--devices", "many"], "many"),
        (&["limit", &id, "--devices", "5", "--none"], "cannot be used with"),
        (&["limit", &id, "--none", "--refuse"], "cannot be used with"),
        (&["limit", "4f1c", "--devices", "5"], "4f1c"),
        (&["limit", &id, "--devices", "5", "--account", "12"], "12"),
        (
            &["limit", &id, "--devices", "5", "--batch", &batch],
            "batch has 129",
        ),
        (&["audit", "--region", "no region"], "no region"),
        (&["audit", "--all"], "--all"),
        (&["forget"], "forget"),
    ];
    for (words, why) in cases {
        let (code, said, complained) = operator.claim(words);
        // What cannot be a command has a code of its own, as everywhere.
        let expected = if complained.starts_with("error: ") { 64 } else { 2 };
        assert_eq!(
            (code, said.as_str()),
            (Some(expected), ""),
            "{words:?}: {complained}"
        );
        assert!(complained.contains(why), "{words:?}: {complained}");
        assert!(!complained.contains("panicked"), "{words:?}: {complained}");
    }
    // One that is wrong among many: none of them is allowed.
    let mixed: String = (0..700).map(|number| format!("{number}\n")).collect();
    let mixed = path("mixed", &format!("{mixed}a\u{7}b\n"));
    let (code, said, complained) = operator.claim(&["allow", "--template", "fleet", "--file", &mixed]);
    assert_eq!((code, said.as_str()), (Some(2), ""));
    assert!(complained.contains("line 701: serialNumber"), "{complained}");
    // Nothing of all that counts.
    let mut operator = operator;
    assert!(operator.registers("free").await);
    let (code, found) = operator.audit();
    assert_eq!((code, &found[0]["devices"]), (Some(0), &Value::Null));
    // A template of another account is another.
    let other = [
        "allow",
        "--template",
        "fleet",
        "--file",
        &good,
        "--account",
        "210987654321",
    ];
    let (code, _, complained) = operator.claim(&other);
    assert_eq!(code, Some(2), "{complained}");
    server.stop();
}

#[test]
fn without_a_server_claims_are_a_sentence_and_a_code() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let file = data.join("serials.txt");
    std::fs::write(&file, "1\n").unwrap();
    let (file, id) = (file.to_str().unwrap(), "4f1c".repeat(16));
    for words in [
        &["allow", "--template", "fleet", "--file", file] as &[&str],
        &["disallow", "--template", "fleet", "--remove-list"],
        &["limit", &id, "--devices", "1"],
        &["audit"],
    ] {
        let expected = format!("thingsmith: no server runs in {}\n", data.display());
        assert_eq!(
            claim(data, words),
            (Some(2), String::new(), expected),
            "{words:?}"
        );
    }
}
