//! A full disk, through the front door. The data directory is a file system in memory that only the server sees.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::caller::{Answer, Caller};
use crate::server::{Home, Server};

/// Registrations in a row that fail until the disk counts as full.
const ROUND: usize = 20;

#[test]
fn a_full_disk_refuses_writes_and_answers_reads_until_there_is_space() {
    let home = Home::sqlite();
    std::fs::create_dir(home.data()).unwrap();
    let Some(wrapper) = small_disk(&home.data()) else {
        eprintln!(
            "skipped: unshare(1) can mount no file system here, neither as root nor in a user namespace"
        );
        return;
    };
    let home = home.run_by(wrapper).with_private_mounts();
    let server = home.start();
    let ballast = server.data().join("ballast");
    std::fs::write(&ballast, vec![1; 3 << 20]).unwrap();
    let mut caller = server.administrator();

    let mut acknowledged = BTreeSet::new();
    let mut refused = 0;
    for number in 0..100_000 {
        let answer = register(&mut caller, number);
        if answer.status == 200 {
            acknowledged.insert(number);
            refused = 0;
        } else {
            assert_eq!(
                (answer.status, answer.exception.as_str()),
                (500, "InternalFailureException"),
                "{answer:?}"
            );
            refused += 1;
        }
        if refused == ROUND {
            break;
        }
    }
    assert_eq!(refused, ROUND, "the disk does not fill");
    assert!(acknowledged.len() > 50, "{}", acknowledged.len());

    find(&mut caller, &acknowledged);
    assert_eq!(plain(&server, "/health"), 200, "it is alive");
    wait_until("it is not ready", || plain(&server, "/ready") == 503);
    assert!(
        home.log().contains("full"),
        "the operator is told why: {}",
        home.log()
    );

    std::fs::remove_file(&ballast).unwrap();
    // Each takes about forty kilobytes of the log.
    for number in 200_000..200_040 {
        let answer = register(&mut caller, number);
        assert_eq!(answer.status, 200, "there is space again: {answer:?}");
        acknowledged.insert(number);
    }
    find(&mut caller, &acknowledged);
    wait_until("it is ready", || plain(&server, "/ready") == 200);

    // The small disk goes with its process: what a restart would find is copied from under the halted one.
    server.signal(Signal::STOP);
    let after = Home::sqlite();
    std::fs::create_dir(after.data()).unwrap();
    for entry in std::fs::read_dir(server.data()).unwrap() {
        let entry = entry.unwrap();
        // The socket of `thingsmith why` is no file.
        if !entry.file_type().unwrap().is_file() {
            continue;
        }
        std::fs::copy(entry.path(), after.data().join(entry.file_name())).unwrap();
    }
    server.kill();
    find(&mut after.start().administrator(), &acknowledged);
}

/// A wrapper that mounts eight megabytes of memory on the directory, where that is allowed.
fn small_disk(directory: &Path) -> Option<Vec<String>> {
    let mount = "mount -t tmpfs -o size=8m none \"$0\"; exec \"$@\"";
    let script = [
        "sh".to_owned(),
        "-ec".into(),
        mount.into(),
        directory.display().to_string(),
    ];
    for namespaces in [&["--mount"][..], &["--user", "--map-root-user", "--mount"]] {
        let unshare = ["unshare"]
            .iter()
            .chain(namespaces)
            .map(|word| (*word).to_owned());
        let words: Vec<String> = unshare.chain(script.clone()).collect();
        let tried = Command::new(&words[0]).args(&words[1..]).arg("true").output();
        if tried.is_ok_and(|output| output.status.success()) {
            return Some(words);
        }
    }
    None
}

/// Makes a thing of about two kilobytes.
fn register(caller: &mut Caller, number: usize) -> Answer {
    let attributes = json!({ "a": "x".repeat(800), "b": "y".repeat(800), "number": number.to_string() });
    let body = json!({ "attributePayload": { "attributes": attributes } });
    caller
        .call("POST", &format!("/things/thing-{number}"), &[], body)
        .unwrap()
}

fn find(caller: &mut Caller, acknowledged: &BTreeSet<usize>) {
    let things = caller.list("/things?maxResults=250", "things");
    let found: BTreeSet<usize> = things
        .iter()
        .map(|thing| thing["attributes"]["number"].as_str().unwrap().parse().unwrap())
        .collect();
    // One caller, that hears of each: neither less nor more.
    assert_eq!(&found, acknowledged);
}

fn plain(server: &Server<'_>, target: &str) -> u16 {
    server
        .administrator()
        .call("GET", target, &[], Value::Null)
        .unwrap()
        .status
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < deadline, "not within ten seconds: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
