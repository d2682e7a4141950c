//! Counts what reaches the disk: one caller that waits for each answer, and at least one sync of the log in between.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use thingsmith::SystemClock;
use thingsmith_ports::Clock;

use super::cluster::Cluster;
use crate::caller::Caller;
use crate::server::{Home, ask_postgres};

/// Registrations, one after another.
const WRITES: usize = 50;

#[test]
fn sqlite_syncs_its_log_before_each_answer() {
    if !may_trace() {
        eprintln!("skipped: strace(1) is not installed or may not trace here");
        return;
    }
    let home = Home::sqlite();
    let trace = home.scratch().join("trace");
    // -D: the server stays this test's child, and the tracer is the grandchild.
    let strace = [
        "strace",
        "-D",
        "-f",
        "-y",
        "-ttt",
        "-qq",
        "-e",
        "trace=fsync,fdatasync",
        "-o",
    ];
    let home = home.run_by(
        strace
            .map(Into::into)
            .into_iter()
            .chain([trace.clone().into_os_string()]),
    );
    let server = home.start();
    let answered = register(&mut server.administrator());
    assert_eq!(server.stop().code(), Some(0));

    let syncs = syncs_of_the_log(&trace);
    for (number, (asked, answered)) in answered.iter().enumerate() {
        let during = syncs
            .iter()
            .filter(|at| (*asked..*answered + 1.0).contains(*at))
            .count();
        assert!(
            during > 0,
            "registration {number} was acknowledged without a sync of the log"
        );
    }
    let first = answered.first().unwrap().0;
    let count = syncs.iter().filter(|at| **at >= first).count();
    println!("{count} syncs of the log for {WRITES} registrations one after another");
    assert!(count >= WRITES);
}

#[test]
fn postgresql_syncs_its_log_for_each_answer() {
    // A server of its own: the counters are those of the whole server.
    let Some(cluster) = Cluster::start() else { return };
    let home = Home::in_database_of(&cluster.url());
    let server = home.start();
    let syncs = || -> usize {
        ask_postgres(&cluster.url(), "SELECT wal_sync FROM pg_stat_wal")[0]
            .parse()
            .unwrap()
    };
    let before = syncs();
    register(&mut server.administrator());
    assert_eq!(server.stop().code(), Some(0));
    // A session hands in its counts at the latest when it ends.
    let deadline = Instant::now() + Duration::from_secs(15);
    let mut count = syncs() - before;
    while count < WRITES && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
        count = syncs() - before;
    }
    println!("{count} syncs of the log for {WRITES} registrations one after another");
    assert!(
        count >= WRITES,
        "{count} syncs of the log for {WRITES} registrations"
    );
}

/// Makes things one after another; when each was asked for and when it was acknowledged, in milliseconds.
fn register(caller: &mut Caller) -> Vec<(f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 have 41 bits")]
    let now = || SystemClock.now().as_millis() as f64;
    (0..WRITES)
        .map(|number| {
            let asked = now();
            caller.must("POST", &format!("/things/thing-{number}"), json!({}));
            (asked, now())
        })
        .collect()
}

/// When SQLite's log was synced, in milliseconds.
fn syncs_of_the_log(trace: &Path) -> Vec<f64> {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let text = std::fs::read_to_string(trace).unwrap();
        // The tracer writes its last line after the server's end.
        if text.contains("+++ exited") || Instant::now() > deadline {
            return text
                .lines()
                .filter(|line| line.contains("sync(") && line.contains("registry.sqlite-wal"))
                .map(|line| line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1e3)
                .collect();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn may_trace() -> bool {
    let mut command = Command::new("strace");
    command
        .args(["-D", "-o", "/dev/null", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}
