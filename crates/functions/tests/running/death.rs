//! A server that dies takes its workers along.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use thingsmith_functions::Isolation;

use crate::processes::{eventually, with};
use crate::stage::Stage;

#[tokio::test]
async fn a_server_that_is_killed_leaves_no_worker() {
    for isolation in ["Best", "Off"] {
        let mut server = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "death::stands_in_for_a_server",
                "--ignored",
                "--nocapture",
            ])
            .env("STAND_IN", isolation)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let marker = format!("orphan-{isolation}-{}", server.id());
        let output = BufReader::new(server.stdout.take().unwrap());
        let ready = output
            .lines()
            .map_while(Result::ok)
            .any(|line| line.contains("a worker waits"));
        if ready {
            assert!(!with(&marker).is_empty());
        }
        server.kill().unwrap();
        server.wait().unwrap();
        eventually("no worker is left", || with(&marker).is_empty()).await;
    }
}

#[tokio::test]
#[ignore = "is the server of the test above"]
async fn stands_in_for_a_server() {
    let Ok(name) = std::env::var("STAND_IN") else {
        return;
    };
    let isolation = match name.as_str() {
        "Off" => Isolation::Off,
        _ => Isolation::Best,
    };
    let Some(stage) = Stage::with(isolation, |_| {}).await else {
        return;
    };
    let mut function = stage.function("orphan", "def handler(event, headers):\n    return event\n");
    function.mark(&format!("orphan-{name}"));
    assert_eq!(stage.answer(&function, "1").await, 1);
    println!("a worker waits");
    std::future::pending::<()>().await;
}
