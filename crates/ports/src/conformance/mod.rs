//! Suites that every implementation of a port must pass. An implementation runs the whole suite and has no test of its
//! own for what the suite can ask.

#![expect(
    clippy::unwrap_used,
    reason = "a suite is test code, though it is compiled as a library"
)]

pub mod objects;
pub mod store;
