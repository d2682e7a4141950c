//! What tests of the whole server share: a server in the test's own process, a clock that the test turns, and clients
//! that sign like AWS's or send whatever bytes a test wants.
//!
//! Everything here panics when it cannot go on: it is for tests only.

mod client;
mod clock;
mod conformance;
mod functions;
mod objects;
mod random;
mod reply;
mod rsa_keys;
pub mod samples;
pub mod seen;
mod server;

pub use client::{Client, iot, model, models, raw};
pub use clock::TestClock;
pub use conformance::foreign_parts;
pub use functions::{Held, ScriptedFunctions};
pub use objects::TestObjects;
pub use random::SeededRandom;
pub use reply::Reply;
pub use rsa_keys::TestRsaKeys;
pub use server::{ACCOUNT, Builder, Engine, REGION, TestServer};
