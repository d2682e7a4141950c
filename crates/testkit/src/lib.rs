//! What tests stand on: a clock that is turned by hand, and randomness that repeats.

mod clock;
mod random;

pub use clock::TestClock;
pub use random::SeededRandom;
