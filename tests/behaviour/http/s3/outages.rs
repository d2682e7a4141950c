//! A server that keeps objects for others goes away for a while.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use thingsmith_testkit::{Client, Engine, TestServer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::elsewhere::{endpoint_at, other_server, remote, results, role, task};
use super::{S3, done};
use crate::http::{named, query};

/// Lines of the file, each of so many bytes: far more than are on their way at any time.
const LINES: usize = 300;
const LINE: usize = 32 << 10;

/// A way to another server that can be cut.
struct Way {
    address: SocketAddr,
    /// Bytes that still come back over it; none when it is cut.
    left: Arc<AtomicUsize>,
    /// Connections that found it cut.
    refused: watch::Receiver<usize>,
}

impl Way {
    async fn to(there: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let left = Arc::new(AtomicUsize::new(usize::MAX));
        let (refusing, refused) = watch::channel(0);
        let bytes = Arc::clone(&left);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                match bytes.load(Ordering::SeqCst) {
                    0 => refusing.send_modify(|count| *count += 1),
                    _ => drop(tokio::spawn(carry(near, there, Arc::clone(&bytes)))),
                }
            }
        });
        Self {
            address,
            left,
            refused,
        }
    }

    /// Cuts it after so many bytes have come back.
    fn cut_after(&self, bytes: usize) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.left.store(usize::MAX, Ordering::SeqCst);
    }

    /// Waits until so many more connections found it cut.
    async fn until_refused(&mut self, more: usize) {
        let until = *self.refused.borrow() + more;
        let refused = self.refused.wait_for(|count| *count >= until);
        tokio::time::timeout(Duration::from_secs(60), refused)
            .await
            .expect("somebody goes on asking")
            .unwrap();
    }
}

/// Carries a connection until the way is cut.
async fn carry(near: TcpStream, there: SocketAddr, left: Arc<AtomicUsize>) {
    let far = TcpStream::connect(there).await.unwrap();
    let (mut from_near, mut to_near) = near.into_split();
    let (mut from_far, mut to_far) = far.into_split();
    let asking = async { tokio::io::copy(&mut from_near, &mut to_far).await };
    let answering = async {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(read @ 1..) = from_far.read(&mut buffer).await {
            let had = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                Some(match left {
                    usize::MAX => left,
                    left => left.saturating_sub(read),
                })
            });
            let had = had.unwrap_or_default();
            if to_near.write_all(&buffer[..read.min(had)]).await.is_err() || had <= read {
                return;
            }
        }
    };
    tokio::select! {
        _ = asking => {}
        () = answering => {}
    }
}

fn lines() -> String {
    let line = |number: usize| {
        let device = json!({"ThingName": format!("pump-{number}")}).to_string();
        format!("{device:LINE$}\n")
    };
    (0..LINES).map(line).collect()
}

async fn describe(admin: &Client, id: &str) -> Value {
    let described = named(admin, "DescribeThingRegistrationTask", json!({"taskId": id})).await;
    query::done(described).json()
}

/// What the task says once it rests.
async fn until_it_rests(admin: &Client, id: &str) -> String {
    let rests = async {
        loop {
            if let Some(message) = describe(admin, id).await["message"].as_str() {
                return message.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), rests)
        .await
        .expect("the task says why it rests")
}

async fn until_ended(admin: &Client, id: &str) -> Value {
    let reached = async {
        loop {
            let described = describe(admin, id).await;
            if described["status"] != "InProgress" {
                return described;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(120), reached)
        .await
        .expect("the task ends")
}

#[tokio::test]
async fn a_task_outlives_an_outage_of_the_server_that_has_its_file() {
    for engine in Engine::available() {
        let other = other_server().await;
        let mut way = Way::to(other.address).await;
        let keeper = remote(&endpoint_at(&other, way.address, None));
        let server = TestServer::builder().engine(engine).keeper(move |_| keeper);
        let server = server.start().await;
        let (admin, s3) = (server.administrator(), S3::administrator(&server));
        role(&admin).await;
        done(&s3.call("PUT", "/fleet").await);
        s3.put("/fleet/fleet.json", &lines()).await;

        way.cut_after(LINES * LINE / 3);
        let started = named(&admin, "StartThingRegistrationTask", task("fleet.json")).await;
        let id = query::done(started).text("taskId");
        // It breaks twice while the file is read.
        let mut before = 0;
        for _ in 0..2 {
            // More than the tries of one request: the task has rested since.
            way.until_refused(12).await;
            let described = describe(&admin, &id).await;
            let count = described["successCount"].as_u64().unwrap();
            assert!(before < count && count < LINES as u64, "{described}");
            assert_eq!(described["status"], "InProgress", "{described}");
            before = count;
            let why = "The file fleet.json in the bucket fleet cannot be read, or its lines cannot be registered, at the moment. \
                       The task goes on by itself when they can.";
            assert_eq!(until_it_rests(&admin, &id).await, why);
            way.cut_after(LINES * LINE / 3);
        }
        way.mend();
        let ended = until_ended(&admin, &id).await;
        let counts = [&ended["status"], &ended["successCount"], &ended["failureCount"]];
        assert_eq!(counts, [&json!("Completed"), &json!(LINES), &json!(0)], "{ended}");
        assert!(ended.get("message").is_none(), "{ended}");
        let results = results(&server, &id).await;
        let mut numbers: Vec<u64> = results
            .lines()
            .map(|line| {
                serde_json::from_str::<Value>(line).unwrap()["lineNumber"]
                    .as_u64()
                    .unwrap()
            })
            .collect();
        numbers.dedup();
        assert_eq!(
            numbers,
            (1..=LINES as u64).collect::<Vec<_>>(),
            "each line once, in their order"
        );
    }
}
