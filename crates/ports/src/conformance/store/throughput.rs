//! How many durable batches a store takes, beside what the disk allows.

use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Place, add_name, execute, prepared};
use crate::{Batch, Hold, Statement};

/// A measurement of [`throughput`].
#[derive(Debug, Clone, Copy)]
pub struct Throughput {
    /// Callers that each send one batch after the other.
    pub writers: i64,
    /// Batches a second, each of five steps.
    pub batches_a_second: f64,
}

/// Has `writers` callers send batches of five steps, like the registration of a device, for some seconds.
pub async fn throughput(place: &dyn Place, writers: i64, seconds: u64) -> Throughput {
    let store = prepared(place).await;
    execute(&store, "INSERT INTO policies (id) VALUES ($1)", [1.into()])
        .await
        .unwrap();
    let started = Instant::now();
    let mut tasks = JoinSet::new();
    for writer in 0..writers {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let mut batches = 0_u32;
            while started.elapsed() < Duration::from_secs(seconds) {
                let batch = registration(writer << 32 | i64::from(batches));
                store.write(batch).await.unwrap();
                batches += 1;
            }
            batches
        });
    }
    let batches: u32 = tasks.join_all().await.into_iter().sum();
    Throughput {
        writers,
        batches_a_second: f64::from(batches) / started.elapsed().as_secs_f64(),
    }
}

/// A batch that holds a policy and writes a device of about a kilobyte, its name, its attachment and an event.
fn registration(device: i64) -> Batch {
    // Keys that, like fingerprints, have no order in time.
    let key = device
        .wrapping_mul(0x9e37_79b9_7f4a_7c15_u64.cast_signed())
        .to_be_bytes();
    let mut batch = Batch::new();
    batch.hold(
        Statement::new("SELECT 1 FROM policies WHERE id = $1", [1.into()]),
        Hold::Shared,
    );
    batch.guard(
        Statement::new(
            "INSERT INTO devices (key, document) VALUES ($1, $2)",
            [key.as_slice().into(), "certificate ".repeat(80).into()],
        ),
        1,
    );
    batch.guard(add_name(&format!("device-{device}"), device), 1);
    batch.guard(
        Statement::new(
            "INSERT INTO attachments (policy, target) VALUES ($1, $2)",
            [1.into(), device.into()],
        ),
        1,
    );
    batch.guard(
        Statement::new(
            "INSERT INTO kinds (key, text) VALUES ($1, $2)",
            [device.into(), "created".into()],
        ),
        1,
    );
    batch
}

/// The mean time of appending a page to a file in `directory` and having it on the disk.
///
/// # Errors
/// When the file cannot be written.
pub fn fsync_latency(directory: &Path) -> io::Result<Duration> {
    const TIMES: u32 = 300;
    let path = directory.join("fsync-latency");
    let mut file = std::fs::File::create(&path)?;
    let started = Instant::now();
    for _ in 0..TIMES {
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
    }
    let mean = started.elapsed() / TIMES;
    std::fs::remove_file(&path)?;
    Ok(mean)
}
