//! Whether the store takes writes.

use std::time::{Duration, Instant};

use thingsmith_core::{Deeds, settings};
use tokio::sync::Mutex;

/// Whether the store takes writes, asked at most once a second however often somebody wants to know.
#[derive(Default)]
pub(crate) struct Readiness {
    // Held across the write, so that those who ask meanwhile wait for its answer.
    last: Mutex<Option<Last>>,
}

struct Last {
    asked: Instant,
    ready: bool,
}

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(1);

impl Readiness {
    /// Whether the last write was committed; makes one if that is too long ago.
    pub(crate) async fn ask(&self, deeds: &Deeds) -> bool {
        let mut last = self.last.lock().await;
        if let Some(last) = last.as_ref().filter(|last| last.asked.elapsed() < HOLDS) {
            return last.ready;
        }
        let outcome = settings::prove_writable(deeds).await;
        if let Err(error) = &outcome {
            tracing::warn!(%error, "the store does not take writes");
        }
        let ready = outcome.is_ok();
        *last = Some(Last {
            asked: Instant::now(),
            ready,
        });
        ready
    }
}
