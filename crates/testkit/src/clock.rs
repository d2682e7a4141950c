//! A clock that is turned by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use thingsmith_model::Timestamp;
use thingsmith_ports::Clock;

/// A clock that stands still until a test turns it.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows this time.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    /// Shows a time, earlier or later than before.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Turns the clock forward.
    pub fn advance(&self, by: Duration) {
        self.set(self.now().plus(by));
    }
}

impl Default for TestClock {
    /// A clock that shows 2026-11-21T20:00:00.123Z.
    fn default() -> Self {
        Self::at(Timestamp::from_millis(1_795_291_200_123))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
