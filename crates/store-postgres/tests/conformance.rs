//! The suite of stores, on a PostgreSQL server.

#![expect(clippy::unwrap_used, reason = "test code")]

mod server;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use thingsmith_ports::Store;
use thingsmith_ports::conformance::store::{Place, fsync_latency, throughput};
use thingsmith_store_postgres::{Config, PostgresStore};

thingsmith_ports::store_suite!(schema);

/// An empty schema of the server.
struct Schema(Config);

async fn schema() -> Option<Schema> {
    let (config, _) = server::config()?;
    PostgresStore::create_schema(&config).await.unwrap();
    Some(Schema(config))
}

#[async_trait]
impl Place for Schema {
    async fn open(&self, read_deadline: Duration) -> Arc<dyn Store> {
        let mut config = self.0.clone();
        config.read_deadline = read_deadline;
        Arc::new(PostgresStore::open(config).await.unwrap())
    }

    async fn open_beside(&self, _: &Arc<dyn Store>) -> Arc<dyn Store> {
        self.open(self.0.read_deadline).await
    }
}

/// A measurement and not a test: `cargo test -- --ignored --nocapture`.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement"]
async fn durable_batches_a_second() {
    for (writers, connections) in [(1, 1), (64, 4), (64, 8), (64, 16), (64, 32), (64, 64)] {
        let Some(mut place) = schema().await else { return };
        place.0.writers = connections;
        let fsync = fsync_latency(&std::env::temp_dir()).unwrap();
        let measured = throughput(&place, writers, 5).await;
        println!("{measured:?}, {connections} connections, fsync {fsync:?}");
    }
}
