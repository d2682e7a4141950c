//! The suite of stores, on SQLite.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tempfile::TempDir;
use thingsmith_ports::Store;
use thingsmith_ports::conformance::store::{Place, fsync_latency, throughput};
use thingsmith_store_sqlite::{Config, SqliteStore};

thingsmith_ports::store_suite!(directory);

/// An empty data directory.
struct Directory(TempDir);

async fn directory() -> Option<Directory> {
    Some(Directory(tempfile::tempdir().unwrap()))
}

#[async_trait]
impl Place for Directory {
    async fn open(&self, read_deadline: Duration) -> Arc<dyn Store> {
        let mut config = Config::new(self.0.path());
        config.read_deadline = read_deadline;
        Arc::new(SqliteStore::open(&config).unwrap())
    }

    async fn open_beside(&self, first: &Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::clone(first)
    }
}

/// A measurement and not a test: `cargo test -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn durable_batches_a_second() {
    for writers in [1, 64] {
        let place = directory().await.unwrap();
        let fsync = fsync_latency(place.0.path()).unwrap();
        println!("{:?}, fsync {fsync:?}", throughput(&place, writers, 5).await);
    }
}
