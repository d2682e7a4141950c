//! How fast one connection may be, on servers that bound it: AWS discards messages beyond a rate, and takes bytes beyond
//! another one later (quotas "Publish requests per second per connection", "Throughput per second per connection").

use thingsmith_core::rates::{Bucket, Rate};
use thingsmith_model::Timestamp;

/// The rates of each connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionRates {
    /// Messages that the client publishes, and messages that it is sent, in a second, each.
    pub publishes_per_second: u32,
    /// Bytes of MQTT in a second, in both directions together.
    pub bytes_per_second: u32,
}

impl ConnectionRates {
    /// AWS's numbers.
    pub fn aws() -> Self {
        Self {
            publishes_per_second: 100,
            bytes_per_second: 512 * 1024,
        }
    }
}

/// What a connection has left of its rates.
#[derive(Debug)]
pub(super) struct Throttle {
    publishes: Rate,
    bytes: Rate,
    inbound: Bucket,
    outbound: Bucket,
    traffic: Bucket,
}

/// What is not to be taken now.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    /// Bytes of the client, and messages for it: too many bytes went over the connection.
    pub(super) traffic: bool,
    /// Messages that wait for the client in the store, where they are safe: too many were sent.
    pub(super) stored: bool,
}

impl Throttle {
    pub(super) fn new(rates: ConnectionRates, now: Timestamp) -> Self {
        let publishes = Rate::per_second(rates.publishes_per_second);
        let bytes = Rate::per_second(rates.bytes_per_second);
        Self {
            inbound: Bucket::full(publishes, now),
            outbound: Bucket::full(publishes, now),
            traffic: Bucket::full(bytes, now),
            publishes,
            bytes,
        }
    }

    /// Whether the client may publish one more message.
    pub(super) fn takes_message(&mut self, now: Timestamp) -> bool {
        self.inbound.take(self.publishes, now)
    }

    /// Whether one more message may be sent to the client.
    pub(super) fn sends_message(&mut self, now: Timestamp) -> bool {
        self.outbound.take(self.publishes, now)
    }

    /// Counts a message that goes out though it may be too much: the next ones wait longer.
    pub(super) fn sent_stored(&mut self, now: Timestamp) {
        self.outbound.spend(self.publishes, 1.0, now);
    }

    /// Counts bytes that were read or written.
    pub(super) fn passed(&mut self, bytes: usize, now: Timestamp) {
        // INVARIANT: no buffer has so many bytes that a float could not count them.
        self.traffic.spend(self.bytes, bytes as f64, now);
    }

    pub(super) fn held(&mut self, now: Timestamp) -> Held {
        let traffic = self.traffic.is_overspent(self.bytes, now);
        Held {
            traffic,
            stored: traffic || self.outbound.is_overspent(self.publishes, now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn a_hundred_messages_a_second_pass_each_way_and_no_more() {
        let mut throttle = Throttle::new(ConnectionRates::aws(), at(0));
        for _ in 0..100 {
            assert!(throttle.takes_message(at(0)) && throttle.sends_message(at(0)));
        }
        assert!(!throttle.takes_message(at(0)) && !throttle.sends_message(at(0)));
        assert!(throttle.takes_message(at(10)) && !throttle.takes_message(at(10)));
        assert_eq!(
            throttle.held(at(10)),
            Held::default(),
            "nothing was sent beyond it"
        );
        (0..3).for_each(|_| throttle.sent_stored(at(10)));
        let stored = Held {
            traffic: false,
            stored: true,
        };
        assert_eq!(
            [10, 30].map(|now| throttle.held(at(now))),
            [stored, Held::default()]
        );
    }

    #[test]
    fn bytes_beyond_half_a_mebibyte_a_second_are_waited_for() {
        let mut throttle = Throttle::new(ConnectionRates::aws(), at(0));
        throttle.passed(512 * 1024, at(0));
        assert_eq!(throttle.held(at(0)), Held::default());
        throttle.passed(256 * 1024, at(0));
        let all = Held {
            traffic: true,
            stored: true,
        };
        assert_eq!([0, 499].map(|now| throttle.held(at(now))), [all; 2]);
        assert_eq!(throttle.held(at(500)), Held::default());
    }
}
