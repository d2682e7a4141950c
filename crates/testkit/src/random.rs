//! Randomness that repeats.

use std::sync::atomic::{AtomicU64, Ordering};

use thingsmith_ports::Random;

/// Bytes that look random and are the same for the same seed. Anybody can guess them.
#[derive(Debug)]
pub struct SeededRandom(AtomicU64);

impl Default for SeededRandom {
    /// The bytes of the seed 0.
    fn default() -> Self {
        Self::new(0)
    }
}

impl SeededRandom {
    /// The bytes of a seed.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next 64 bits.
    pub fn next(&self) -> u64 {
        // SplitMix64 (Steele, Lea and Flood 2014): a counter through a mixer, so that threads need no lock.
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut bits = self.0.fetch_add(GAMMA, Ordering::SeqCst).wrapping_add(GAMMA);
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A number from 0 up to `end`, not included, which is not 0.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        let bytes = |seed| {
            let mut bytes = [0; 21];
            SeededRandom::new(seed).fill(&mut bytes);
            bytes
        };
        assert_eq!(bytes(1), bytes(1));
        assert_ne!(bytes(1), bytes(2));
        // The first output of the seed 0 that the algorithm's authors give.
        assert_eq!(SeededRandom::new(0).next(), 0xe220_a839_7b1d_cdaf);
    }
}
