//! Whether the store takes writes.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use thingsmith_core::{Deeds, settings};

/// Whether the store takes writes, asked at most once a second however often somebody wants to know.
#[derive(Default)]
pub(crate) struct Readiness {
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    asked: Option<Instant>,
    ready: bool,
}

/// How long an answer holds.
const HOLDS: Duration = Duration::from_secs(1);

impl Readiness {
    /// Whether the last write was committed; makes one if that is too long ago. While one is under way, others get the
    /// answer before.
    pub(crate) async fn ask(&self, deeds: &Deeds) -> bool {
        {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            if last.asked.is_some_and(|asked| now.duration_since(asked) < HOLDS) {
                return last.ready;
            }
            last.asked = Some(now);
        }
        let outcome = settings::prove_writable(deeds).await;
        if let Err(error) = &outcome {
            tracing::warn!(%error, "the store does not take writes");
        }
        self.last.lock().unwrap_or_else(PoisonError::into_inner).ready = outcome.is_ok();
        outcome.is_ok()
    }
}
