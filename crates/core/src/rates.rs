//! Token buckets: so many at once, and so many a second in the long run.

use thingsmith_model::Timestamp;

/// A token bucket's size and its filling.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// How many at once.
    pub burst: f64,
    /// How many in a second, in the long run.
    pub per_second: f64,
}

impl Rate {
    /// As many at once as in a second, which is how AWS counts.
    pub fn per_second(number: u32) -> Self {
        let number = f64::from(number);
        Self {
            burst: number,
            per_second: number,
        }
    }
}

/// What many small fillings may be short of one large.
const ROUNDING: f64 = 1e-6;

/// What is left of a rate.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    /// Below nothing while more was spent than was there.
    level: f64,
    at: Timestamp,
}

impl Bucket {
    /// A bucket from which nothing was taken yet.
    pub fn full(rate: Rate, now: Timestamp) -> Self {
        Self {
            level: rate.burst,
            at: now,
        }
    }

    /// Takes one, if there is one.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> bool {
        self.fill(rate, now);
        let full = self.level + ROUNDING >= 1.0;
        if full {
            self.level -= 1.0;
        }
        full
    }

    /// Spends what has happened already, whether it was there or not.
    pub fn spend(&mut self, rate: Rate, amount: f64, now: Timestamp) {
        self.fill(rate, now);
        self.level -= amount;
    }

    /// Whether more was spent than there was, and time has not made up for it.
    pub fn is_overspent(&mut self, rate: Rate, now: Timestamp) -> bool {
        self.fill(rate, now);
        self.level + ROUNDING < 0.0
    }

    /// How many whole ones there are.
    pub fn left(&mut self, rate: Rate, now: Timestamp) -> usize {
        self.fill(rate, now);
        // Saturates, also below nothing.
        (self.level + ROUNDING) as usize
    }

    fn fill(&mut self, rate: Rate, now: Timestamp) {
        // The difference of two times since the epoch as floats would not be exact.
        let passed_ms = now.as_millis().saturating_sub(self.at.as_millis()).max(0);
        self.level = (self.level + passed_ms as f64 * rate.per_second / 1_000.0).min(rate.burst);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_bucket_gives_its_burst_and_then_fills_with_time() {
        let rate = Rate::per_second(2);
        let mut bucket = Bucket::full(rate, at(0));
        assert_eq!(
            [0, 0, 0, 499, 500, 500].map(|now| bucket.take(rate, at(now))),
            [true, true, false, false, true, false]
        );
        let (rate, day) = (Rate::per_second(100), at(1_795_291_200_123));
        let mut since_epoch = Bucket::full(rate, day);
        since_epoch.spend(rate, 100.0, day);
        assert!(since_epoch.take(rate, day.plus(std::time::Duration::from_millis(10))));
        let rate = Rate::per_second(2);
        assert!(!bucket.take(rate, at(0)), "a clock that goes back gives nothing");
        assert_eq!(bucket.left(rate, at(60_000)), 2, "and no more than it holds");
    }

    #[test]
    fn what_was_overspent_is_made_up_by_time() {
        let rate = Rate::per_second(100);
        let mut bucket = Bucket::full(rate, at(0));
        bucket.spend(rate, 100.0, at(0));
        assert!(!bucket.is_overspent(rate, at(0)), "all of it is not too much");
        bucket.spend(rate, 50.0, at(0));
        assert!(bucket.is_overspent(rate, at(499)));
        assert_eq!(bucket.left(rate, at(499)), 0);
        assert!(!bucket.is_overspent(rate, at(500)));
    }
}
