//! How fast what waited for a session is sent to its client when that is back, on servers that bound it: AWS sends ten a
//! second, besides what comes in meanwhile (guide, "MQTT persistent sessions").

use std::time::Duration;

use tokio::sync::watch;

use crate::Deeds;
use crate::rates::{Bucket, Rate};

/// How often it is looked whether the next one may go: often enough for ten a second.
const LOOK: Duration = Duration::from_millis(50);

/// The pace at which a session is read that was there before its connection.
///
/// Messages are read in their order, so that those which come in while older ones wait stand behind them. Each of them lets
/// one more go, so that what waited becomes fewer at its rate however much comes.
#[derive(Debug)]
pub(super) struct Resume {
    rate: Rate,
    bucket: Bucket,
    /// The session's count of what was stored for it, as far as it was given leave for.
    seen: u64,
    /// How many may go for what came in meanwhile.
    meanwhile: usize,
}

impl Resume {
    /// The pace from now on, where the server has one. `stored` is the session's count now.
    pub(super) fn of(deeds: &Deeds, stored: u64) -> Option<Self> {
        let rate = Rate::per_second(deeds.quotas().limits()?.resumed_per_second);
        Some(Self {
            bucket: Bucket::full(rate, deeds.clock().now()),
            rate,
            seen: stored,
            meanwhile: 0,
        })
    }

    /// Waits until one may go.
    pub(super) async fn ready(&mut self, deeds: &Deeds, stored: &watch::Receiver<u64>) {
        while self.allows(deeds, stored) == 0 {
            // The server's clock says whether it is time; this only looks at it.
            tokio::time::sleep(LOOK).await;
        }
    }

    /// How many may go now.
    pub(super) fn allows(&mut self, deeds: &Deeds, stored: &watch::Receiver<u64>) -> usize {
        let count = *stored.borrow();
        let since = usize::try_from(count.wrapping_sub(self.seen)).unwrap_or(usize::MAX);
        self.meanwhile = self.meanwhile.saturating_add(since);
        self.seen = count;
        let left = self.bucket.left(self.rate, deeds.clock().now());
        left.saturating_add(self.meanwhile)
    }

    /// So many go.
    pub(super) fn took(&mut self, deeds: &Deeds, count: usize) {
        let for_those_that_came = count.min(self.meanwhile);
        self.meanwhile -= for_those_that_came;
        let now = deeds.clock().now();
        self.bucket
            .spend(self.rate, (count - for_those_that_came) as f64, now);
    }
}
