//! Medians and percentiles.

use std::time::Duration;

use serde::Serialize;

/// What several rounds gave.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) minimum: f64,
    pub(crate) maximum: f64,
}

/// How long operations took, in microseconds.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Latency {
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
}

impl Spread {
    /// The spread of some figures; all zero without any.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Self {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (minimum, maximum) = (figures.first(), figures.last());
        let middle = figures.len() / 2;
        let median = match figures.len() {
            0 => 0.0,
            odd if odd % 2 == 1 => figures[middle],
            _ => f64::midpoint(figures[middle - 1], figures[middle]),
        };
        Self {
            median,
            minimum: minimum.copied().unwrap_or_default(),
            maximum: maximum.copied().unwrap_or_default(),
        }
    }
}

impl Latency {
    /// The percentiles of some durations; zero without any.
    pub(crate) fn of(durations: impl IntoIterator<Item = Duration>) -> Self {
        let mut durations: Vec<Duration> = durations.into_iter().collect();
        durations.sort_unstable();
        Self {
            p50_us: percentile(&durations, 50),
            p99_us: percentile(&durations, 99),
        }
    }
}

/// The smallest duration that so many percent do not exceed (nearest rank).
fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted
        .get(rank.saturating_sub(1))
        .map_or(0.0, |duration| micros(*duration))
}

/// A duration in microseconds.
pub(crate) fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// A count as a figure.
pub(crate) fn count(number: usize) -> f64 {
    // More than 2^32 operations are not measured in one run.
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between_the_two_in_the_middle() {
        let spread = Spread::of([4.0, 1.0, 3.0, 2.0]);
        assert_eq!((spread.minimum, spread.median, spread.maximum), (1.0, 2.5, 4.0));
        assert_eq!(Spread::of([7.0, 9.0, 8.0]).median, 8.0);
        assert_eq!(Spread::of([]).median, 0.0);
    }

    #[test]
    fn a_percentile_is_one_of_the_durations() {
        let latency = Latency::of((1..=100).rev().map(Duration::from_micros));
        assert!(
            (latency.p50_us - 50.0).abs() < 1e-6 && (latency.p99_us - 99.0).abs() < 1e-6,
            "{latency:?}"
        );
        let one = Latency::of([Duration::from_micros(5)]);
        assert!(
            (one.p50_us - 5.0).abs() < 1e-6 && (one.p99_us - 5.0).abs() < 1e-6,
            "{one:?}"
        );
        assert_eq!(Latency::of([]).p99_us, 0.0);
    }
}
