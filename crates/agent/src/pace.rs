//! How long a device waits before it tries again.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

/// Time and chance. Tests turn theirs by hand.
#[async_trait]
pub trait Pace: Send + Sync {
    /// The time now.
    fn now(&self) -> SystemTime;

    /// A number from 0 to 1 that differs from device to device.
    fn chance(&self) -> f64;

    /// Waits.
    async fn wait(&self, duration: Duration);
}

/// The system's time and chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemPace;

#[async_trait]
impl Pace for SystemPace {
    #[expect(clippy::disallowed_methods, reason = "this is the device's clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn chance(&self) -> f64 {
        // Without randomness from the system all devices wait equally long, which is no reason to fail.
        getrandom::u32().map_or(1.0, |it| f64::from(it) / f64::from(u32::MAX))
    }

    async fn wait(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

/// How waits grow while nothing works: the second is twice the first, and so on. Of each only a part is certain, so that
/// devices that lost their server at the same moment do not come back at the same moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first wait.
    pub first: Duration,
    /// None is longer.
    pub longest: Duration,
}

impl Default for Backoff {
    /// From one second to two minutes, as AWS's device SDKs wait.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(128),
        }
    }
}

impl Backoff {
    /// The wait after so many failures in a row, counted from 0: at least half of what it may be.
    pub fn after(&self, failures: u32, chance: f64) -> Duration {
        let doubled = 2_u32.saturating_pow(failures.min(31));
        let most = self.first.saturating_mul(doubled).min(self.longest);
        most.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_half_of_each_is_chance() {
        let backoff = Backoff::default();
        let seconds = |failures, chance| backoff.after(failures, chance).as_secs_f64();
        let longest: Vec<f64> = (0..9).map(|failures| seconds(failures, 1.0)).collect();
        assert_eq!(longest, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 128.0]);
        assert!((seconds(2, 0.0) - 2.0).abs() < 1e-9);
        assert!((seconds(u32::MAX, 0.0) - 64.0).abs() < 1e-9);
        let chance = SystemPace.chance();
        assert!((0.0..=1.0).contains(&chance));
    }
}
